// batch_norm: y = (x - mean[c]) * inverse_std[c] * weight[c] + bias[c].
//   x, y (batch, channels, plane), the others (channels)
// One thread owns a share of one plane, its elements `shares` apart, and reads the channel's four numbers once.

alias T = f32; // slot
struct Params { planes: u32, channels: u32, plane: u32, shares: u32, x_base: u32, y_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> mean: array<f32>;
@group(0) @binding(2) var<storage, read> inverse_std: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  let plane = i / p.shares;
  if (plane >= p.planes) { return; }
  let c = plane % p.channels;
  let center = mean[c];
  let scale = inverse_std[c] * weight[c];
  let shift = bias[c];
  for (var j = i % p.shares; j < p.plane; j += p.shares) {
    let at = plane * p.plane + j;
    y[p.y_base + at] = T((f32(x[p.x_base + at]) - center) * scale + shift);
  }
}
