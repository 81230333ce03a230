// batch_norm_stats_shared: batch_norm_stats.wgsl, a plane shared by the lanes of a workgroup: what GPUs run for large planes.
//   x (batch, channels, plane), means, deviations (batch, channels)
// One workgroup owns PLANES planes, LANES lanes each, and reads them twice.

const LANES: u32 = 32; // slot
const PLANES: u32 = 8; // slot

alias T = f32; // slot
struct Params { planes: u32, plane: u32, x_base: u32, means_base: u32, deviations_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> means: array<f32>;
@group(0) @binding(2) var<storage, read_write> deviations: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

var<workgroup> parts: array<vec2f, LANES * PLANES>;

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; } // shared

// The sums of the numbers of LANES lanes, in a fixed order, for each of them.
fn sums(lane: u32, part: vec2f) -> vec2f { // shared
  parts[lane] = part;
  workgroupBarrier();
  for (var span = LANES / 2u; span > 0u; span /= 2u) {
    if (lane % LANES < span) { parts[lane] += parts[lane + span]; }
    workgroupBarrier();
  }
  let result = parts[lane / LANES * LANES];
  workgroupBarrier(); // parts may be written again
  return result;
}

// Element j of the plane, and `otherwise` past its end: without a branch, so that four loads are under way at once.
fn load(at: u32, j: u32, otherwise: f32) -> f32 { return select(otherwise, f32(x[at + min(j, p.plane - 1u)]), j < p.plane); }

@compute @workgroup_size(LANES * PLANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let first = (workgroup.x + workgroup.y * groups.x) * PLANES;
  if (first >= p.planes) { return; }
  let own = first + lane / LANES;
  let i = min(own, p.planes - 1u);
  let place = lane % LANES;
  let at = p.x_base + i * p.plane;
  var sum = 0.0;
  for (var j = place; j < p.plane; j += 4u * LANES) {
    sum += (load(at, j, 0.0) + load(at, j + LANES, 0.0)) + (load(at, j + 2u * LANES, 0.0) + load(at, j + 3u * LANES, 0.0));
  }
  let rough_mean = sums(lane, vec2f(sum, 0.0)).x / f32(p.plane);
  var part = vec2f(); // the sums of deviations and of their squares
  for (var j = place; j < p.plane; j += 2u * LANES) {
    let a = load(at, j, rough_mean) - rough_mean;
    let b = load(at, j + LANES, rough_mean) - rough_mean;
    part += vec2f(a + b, a * a + b * b);
  }
  let total = sums(lane, part);
  if (place > 0u || own >= p.planes) { return; }
  let rest = total.x;
  means[p.means_base + i] = rough_mean + select(rest / f32(p.plane), 0.0, is_nan(rest)); // beside an infinity there is no rest
  let deviation = total.y - rest * rest / f32(p.plane);
  deviations[p.deviations_base + i] = select(max(deviation, 0.0), deviation, is_nan(deviation));
}
