// arg_reduce_shared: arg_reduce.wgsl for inner = 1, a row shared by the lanes of a workgroup: what GPUs run for long rows.
//   x (count, length), y (count)
// One workgroup owns one row.

const LANES: u32 = 256; // slot

alias T = f32; // slot
struct Params { count: u32, length: u32, x_base: u32, y_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<i32>;
@group(1) @binding(0) var<uniform> p: Params;

struct Place { value: f32, r: u32 }
var<workgroup> parts: array<Place, LANES>;

fn better(a: f32, b: f32) -> bool { return a > b; } // slot

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; } // shared

// The better of two places: NaN before all others, of equals the first.
fn best_of(a: Place, b: Place) -> Place {
  let equal = is_nan(a.value) == is_nan(b.value) && (is_nan(a.value) || !(better(a.value, b.value) || better(b.value, a.value)));
  if (equal) { return Place(a.value, min(a.r, b.r)); }
  if (is_nan(a.value) || (!is_nan(b.value) && better(a.value, b.value))) { return a; }
  return b;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let row = workgroup.x + workgroup.y * groups.x;
  if (row >= p.count) { return; }
  let at = p.x_base + row * p.length;
  let first = min(lane, p.length - 1u); // past the end the last, again: it changes nothing
  var best = Place(f32(x[at + first]), first);
  for (var r = lane + LANES; r < p.length; r += LANES) { best = best_of(best, Place(f32(x[at + r]), r)); }
  parts[lane] = best;
  workgroupBarrier();
  for (var span = LANES / 2u; span > 0u; span /= 2u) {
    if (lane < span) { parts[lane] = best_of(parts[lane], parts[lane + span]); }
    workgroupBarrier();
  }
  if (lane == 0u) { y[p.y_base + row] = i32(parts[0].r); }
}
