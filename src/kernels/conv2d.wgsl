// conv2d: y = x ⋆ weight + bias (cross-correlation), the plain reference.
//   x (batch, in_channels, in_h, in_w), weight (out_channels, in_channels / groups, kernel_h, kernel_w),
//   bias (out_channels), y (batch, out_channels, out_h, out_w)
// One thread owns one element of y. conv2d_tiled.wgsl computes the same from registers.

alias T = f32; // slot
struct Params {
  batch: u32, in_channels: u32, in_h: u32, in_w: u32, out_channels: u32, out_h: u32, out_w: u32,
  kernel_h: u32, kernel_w: u32, stride_y: u32, stride_x: u32, pad_top: u32, pad_left: u32,
  dilation_y: u32, dilation_x: u32, conv_groups: u32, has_bias: u32, x_base: u32, y_base: u32,
}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> weight: array<T>;
@group(0) @binding(2) var<storage, read> bias: array<T>;
@group(0) @binding(3) var<storage, read_write> y: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let element = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (element >= p.batch * p.out_channels * p.out_h * p.out_w) { return; }
  let out_x = element % p.out_w;
  let out_y = element / p.out_w % p.out_h;
  let out_channel = element / (p.out_w * p.out_h) % p.out_channels;
  let image = element / (p.out_w * p.out_h * p.out_channels);
  let channels = p.in_channels / p.conv_groups;
  let first_channel = out_channel / (p.out_channels / p.conv_groups) * channels;
  var sum = 0.0;
  for (var c = 0u; c < channels; c++) {
    let plane = (image * p.in_channels + first_channel + c) * p.in_h;
    for (var ky = 0u; ky < p.kernel_h; ky++) {
      let in_y = out_y * p.stride_y + ky * p.dilation_y - p.pad_top; // above the image it wraps to a huge number
      if (in_y >= p.in_h) { continue; }
      for (var kx = 0u; kx < p.kernel_w; kx++) {
        let in_x = out_x * p.stride_x + kx * p.dilation_x - p.pad_left;
        if (in_x >= p.in_w) { continue; }
        let w = ((out_channel * channels + c) * p.kernel_h + ky) * p.kernel_w + kx;
        sum += f32(x[p.x_base + (plane + in_y) * p.in_w + in_x]) * f32(weight[w]);
      }
    }
  }
  if (p.has_bias != 0u) { sum += f32(bias[out_channel]); }
  y[p.y_base + element] = T(sum);
}
