// batch_norm_stats: mean and sum of squared deviations of each plane x[n, c].
//   x (batch, channels, plane), means, deviations (batch, channels)
// One thread owns one plane and reads it twice, which loses less than a difference of large sums; the second
// reading also finds what rounding left out of the first mean.

alias T = f32; // slot
struct Params { planes: u32, plane: u32, x_base: u32, means_base: u32, deviations_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> means: array<f32>;
@group(0) @binding(2) var<storage, read_write> deviations: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; } // shared

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i >= p.planes) { return; }
  let at = p.x_base + i * p.plane;
  var sum = 0.0;
  for (var j = 0u; j < p.plane; j++) { sum += f32(x[at + j]); }
  let rough_mean = sum / f32(p.plane);
  var rest = 0.0;
  var squares = 0.0;
  for (var j = 0u; j < p.plane; j++) {
    let deviation = f32(x[at + j]) - rough_mean;
    rest += deviation;
    squares += deviation * deviation;
  }
  means[p.means_base + i] = rough_mean + select(rest / f32(p.plane), 0.0, is_nan(rest)); // beside an infinity there is no rest
  let deviation = squares - rest * rest / f32(p.plane);
  deviations[p.deviations_base + i] = select(max(deviation, 0.0), deviation, is_nan(deviation));
}
