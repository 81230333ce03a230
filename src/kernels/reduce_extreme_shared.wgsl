// reduce_extreme_shared: reduce_extreme.wgsl, a slice shared by the lanes of a workgroup: what GPUs run for long slices.
//   x (outer, length, inner), y (outer, slices, inner); a slice is `slice` long, the last may be shorter
// One workgroup owns COLUMNS elements of y, LANES lanes each, which take every LANES-th number.

const LANES: u32 = 32; // slot
const COLUMNS: u32 = 8; // slot
const ALONG: bool = true; // slot (inner is 1: an element's lanes are neighbours, else the columns are)
const APART: u32 = select(COLUMNS, 1u, ALONG);

alias T = f32; // slot
alias U = f32; // slot
struct Params { count: u32, length: u32, inner: u32, slices: u32, slice: u32, x_base: u32, y_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<U>;
@group(1) @binding(0) var<uniform> p: Params;

var<workgroup> parts: array<f32, LANES * COLUMNS>;

fn combine(a: f32, b: f32) -> f32 { return select(max(a, b), a + b, is_nan(a) | is_nan(b)); } // slot: min

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; } // shared

@compute @workgroup_size(LANES * COLUMNS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let first_t = (workgroup.x + workgroup.y * groups.x) * COLUMNS;
  if (first_t >= p.count) { return; }
  let column = select(lane % COLUMNS, lane / LANES, ALONG);
  let place = select(lane / COLUMNS, lane % LANES, ALONG);
  let t = min(first_t + column, p.count - 1u);
  let i = t % p.inner;
  let slice = t / p.inner % p.slices;
  let outer = t / p.inner / p.slices;
  let at = p.x_base + outer * p.length * p.inner + i;
  let first = slice * p.slice;
  let last = min(first + p.slice, p.length) - 1u;
  var r = first + place;
  var result = f32(x[at + min(r, last) * p.inner]); // past the end the last, again: it changes nothing
  for (; r <= last; r += 4u * LANES) { // four loads under way at once
    let a = combine(f32(x[at + r * p.inner]), f32(x[at + min(r + LANES, last) * p.inner]));
    let b = combine(f32(x[at + min(r + 2u * LANES, last) * p.inner]), f32(x[at + min(r + 3u * LANES, last) * p.inner]));
    result = combine(result, combine(a, b));
  }
  parts[lane] = result;
  workgroupBarrier();
  for (var span = LANES / 2u; span > 0u; span /= 2u) {
    if (place < span) { parts[lane] = combine(parts[lane], parts[lane + span * APART]); }
    workgroupBarrier();
  }
  if (place == 0u && first_t + column < p.count) { y[p.y_base + t] = U(parts[lane]); }
}
