// arg_reduce: y[o, i] = the place r of the best x[o, r, i]; the first of equals, or the first NaN.
//   x (outer, length, inner), y (outer, inner)
// One thread owns one element of y.

alias T = f32; // slot
struct Params { count: u32, length: u32, inner: u32, x_base: u32, y_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<i32>;
@group(1) @binding(0) var<uniform> p: Params;

fn better(a: f32, b: f32) -> bool { return a > b; } // slot

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; } // shared

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let t = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (t >= p.count) { return; }
  let at = p.x_base + t / p.inner * p.length * p.inner + t % p.inner;
  var best = f32(x[at]);
  var place = 0u;
  for (var r = 1u; r < p.length; r++) {
    let value = f32(x[at + r * p.inner]);
    if (!is_nan(best) && (better(value, best) || is_nan(value))) {
      best = value;
      place = r;
    }
  }
  y[p.y_base + t] = i32(place);
}
