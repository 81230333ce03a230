// conv2d_grad_input: the gradient of conv2d with respect to x, the plain reference.
//   dy (batch, out_channels, out_h, out_w), weight (out_channels, in_channels / groups, kernel_h, kernel_w),
//   dx (batch, in_channels, in_h, in_w)
//   dx[n, c, i, j] = sum over o, ky, kx of dy[n, o, (i + pad - ky * dilation) / stride, ...] weight[o, c, ky, kx],
//   over the taps for which the division leaves no rest
// One thread owns one element of dx.

alias T = f32; // slot
struct Params {
  batch: u32, in_channels: u32, in_h: u32, in_w: u32, out_channels: u32, out_h: u32, out_w: u32,
  kernel_h: u32, kernel_w: u32, stride_y: u32, stride_x: u32, pad_top: u32, pad_left: u32,
  dilation_y: u32, dilation_x: u32, conv_groups: u32, dy_base: u32, dx_base: u32,
}
@group(0) @binding(0) var<storage, read> dy: array<T>;
@group(0) @binding(1) var<storage, read> weight: array<T>;
@group(0) @binding(2) var<storage, read_write> dx: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let element = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (element >= p.batch * p.in_channels * p.in_h * p.in_w) { return; }
  let in_x = element % p.in_w;
  let in_y = element / p.in_w % p.in_h;
  let in_channel = element / (p.in_w * p.in_h) % p.in_channels;
  let image = element / (p.in_w * p.in_h * p.in_channels);
  let channels = p.in_channels / p.conv_groups;
  let out_per_group = p.out_channels / p.conv_groups;
  let first_out = in_channel / channels * out_per_group;
  var sum = 0.0;
  for (var o = first_out; o < first_out + out_per_group; o++) {
    let plane = (image * p.out_channels + o) * p.out_h;
    for (var ky = 0u; ky < p.kernel_h; ky++) {
      let y = in_y + p.pad_top - ky * p.dilation_y; // below zero it wraps to a huge number
      if (y % p.stride_y != 0u || y / p.stride_y >= p.out_h || in_y + p.pad_top < ky * p.dilation_y) { continue; }
      for (var kx = 0u; kx < p.kernel_w; kx++) {
        let x = in_x + p.pad_left - kx * p.dilation_x;
        if (x % p.stride_x != 0u || x / p.stride_x >= p.out_w || in_x + p.pad_left < kx * p.dilation_x) { continue; }
        let w = ((o * channels + in_channel % channels) * p.kernel_h + ky) * p.kernel_w + kx;
        sum += f32(dy[p.dy_base + (plane + y / p.stride_y) * p.out_w + x / p.stride_x]) * f32(weight[w]);
      }
    }
  }
  dx[p.dx_base + element] = T(sum);
}
