// batch_norm_grad_sums: for each plane, the sum of dy and the sum of dy * (x - mean[c]) * inverse_std[c].
//   x, dy (batch, channels, plane), mean, inverse_std (channels), dy_sums, dot_sums (batch, channels)
// Added up over the batch they are the gradients of bias and weight. One thread owns one plane.

const RUN: u32 = 64; // a sum of short sums loses less to rounding than one long sum

alias T = f32; // slot
struct Params { planes: u32, channels: u32, plane: u32, x_base: u32, dy_base: u32, dy_sums_base: u32, dot_sums_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> inverse_std: array<f32>;
@group(0) @binding(4) var<storage, read_write> dy_sums: array<f32>;
@group(0) @binding(5) var<storage, read_write> dot_sums: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i >= p.planes) { return; }
  let c = i % p.channels;
  let center = mean[c];
  var dy_sum = 0.0;
  var dot_sum = 0.0;
  for (var start = 0u; start < p.plane; start += RUN) {
    var dy_run = 0.0;
    var dot_run = 0.0;
    for (var j = start; j < min(start + RUN, p.plane); j++) {
      let gradient = f32(dy[p.dy_base + i * p.plane + j]);
      dy_run += gradient;
      dot_run += gradient * (f32(x[p.x_base + i * p.plane + j]) - center);
    }
    dy_sum += dy_run;
    dot_sum += dot_run;
  }
  dy_sums[p.dy_sums_base + i] = dy_sum;
  dot_sums[p.dot_sums_base + i] = dot_sum * inverse_std[c];
}
