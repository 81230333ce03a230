// batch_norm_grad_sums_shared: batch_norm_grad_sums.wgsl, a plane shared by the lanes of a workgroup: what GPUs run for large planes.
//   x, dy (batch, channels, plane), mean, inverse_std (channels), dy_sums, dot_sums (batch, channels)
// One workgroup owns PLANES planes, LANES lanes each.

const RUN: u32 = 16; // turns of a lane: a sum of short sums loses less to rounding than one long sum

const LANES: u32 = 32; // slot
const PLANES: u32 = 8; // slot

alias T = f32; // slot
struct Params { planes: u32, channels: u32, plane: u32, x_base: u32, dy_base: u32, dy_sums_base: u32, dot_sums_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> inverse_std: array<f32>;
@group(0) @binding(4) var<storage, read_write> dy_sums: array<f32>;
@group(0) @binding(5) var<storage, read_write> dot_sums: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

var<workgroup> parts: array<vec2f, LANES * PLANES>;

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

// dy of element j, and dy * (x - center); 0 past the plane's end: without a branch, so that several loads are under way at once.
fn load(at: u32, j: u32, center: f32) -> vec2f {
  let place = at + min(j, p.plane - 1u);
  let gradient = f32(dy[p.dy_base + place]);
  return select(vec2f(), vec2f(gradient, gradient * (f32(x[p.x_base + place]) - center)), j < p.plane);
}

@compute @workgroup_size(LANES * PLANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let first = (workgroup.x + workgroup.y * groups.x) * PLANES;
  if (first >= p.planes) { return; }
  let own = first + lane / LANES;
  let i = min(own, p.planes - 1u);
  let place = lane % LANES;
  let c = i % p.channels;
  let center = mean[c];
  let at = i * p.plane;
  var part = vec2f();
  for (var start = place; start < p.plane; start += RUN * 4u * LANES) {
    var run = vec2f();
    for (var j = start; j < min(start + RUN * 4u * LANES, p.plane); j += 4u * LANES) {
      run += (load(at, j, center) + load(at, j + LANES, center)) + (load(at, j + 2u * LANES, center) + load(at, j + 3u * LANES, center));
    }
    part += run;
  }
  let total = sums(lane, part);
  if (place == 0u && own < p.planes) {
    dy_sums[p.dy_sums_base + i] = total.x;
    dot_sums[p.dot_sums_base + i] = total.y * inverse_std[c];
  }
}
