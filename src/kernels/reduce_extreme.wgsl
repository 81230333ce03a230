// reduce_extreme: y[o, s, i] = the largest (or smallest) x[o, r, i] over r in slice s; NaN where one is NaN.
//   x (outer, length, inner), y (outer, slices, inner); a slice is `slice` long, the last may be shorter
// One thread owns one element of y. Long reductions run twice: slices first, then the slices' results.

alias T = f32; // slot
alias U = f32; // slot
struct Params { count: u32, length: u32, inner: u32, slices: u32, slice: u32, x_base: u32, y_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<U>;
@group(1) @binding(0) var<uniform> p: Params;

fn combine(a: f32, b: f32) -> f32 { return select(max(a, b), a + b, is_nan(a) | is_nan(b)); } // slot: min

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; } // shared

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let t = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (t >= p.count) { return; }
  let i = t % p.inner;
  let slice = t / p.inner % p.slices;
  let outer = t / p.inner / p.slices;
  let at = p.x_base + outer * p.length * p.inner + i;
  let first = slice * p.slice;
  let end = min(first + p.slice, p.length);
  var result = f32(x[at + first * p.inner]);
  var r = first + 1u;
  for (; r + 3u < end; r += 4u) { // four a turn: a turn costs as much as two loads on software adapters
    result = combine(result, f32(x[at + r * p.inner]));
    result = combine(result, f32(x[at + (r + 1u) * p.inner]));
    result = combine(result, f32(x[at + (r + 2u) * p.inner]));
    result = combine(result, f32(x[at + (r + 3u) * p.inner]));
  }
  for (; r < end; r++) { result = combine(result, f32(x[at + r * p.inner])); }
  y[p.y_base + t] = U(result);
}
