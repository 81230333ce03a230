// batch_norm_grad: dx = weight[c] * inverse_std[c] * (dy - dbias[c] / count - normalized x * dweight[c] / count).
//   x, dy, dx (batch, channels, plane), the others (channels)
// With fixed statistics (evaluation) inverse_count is 0 and only the first term is left.
// One thread owns a share of one plane, its elements `shares` apart, and reads the channel's numbers once.

alias T = f32; // slot
struct Params { planes: u32, channels: u32, plane: u32, shares: u32, inverse_count: f32, x_base: u32, dy_base: u32, dx_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> inverse_std: array<f32>;
@group(0) @binding(4) var<storage, read> weight: array<f32>;
@group(0) @binding(5) var<storage, read> dweight: array<f32>;
@group(0) @binding(6) var<storage, read> dbias: array<f32>;
@group(0) @binding(7) var<storage, read_write> dx: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  let plane = i / p.shares;
  if (plane >= p.planes) { return; }
  let c = plane % p.channels;
  let center = mean[c];
  let spread = inverse_std[c];
  let scale = weight[c] * spread;
  let mean_dy = dbias[c] * p.inverse_count;
  let mean_dot = dweight[c] * p.inverse_count;
  for (var j = i % p.shares; j < p.plane; j += p.shares) {
    let at = plane * p.plane + j;
    let normalized = (f32(x[p.x_base + at]) - center) * spread;
    // With fixed statistics chosen, not multiplied by 0: x and dy of other places may be infinite.
    let joint = select(mean_dy + normalized * mean_dot, 0.0, p.inverse_count == 0.0);
    dx[p.dx_base + at] = T(scale * (f32(dy[p.dy_base + at]) - joint));
  }
}
