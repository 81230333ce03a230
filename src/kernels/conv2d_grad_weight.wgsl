// conv2d_grad_weight: the gradient of conv2d with respect to weight, the plain reference.
//   x (batch, in_channels, in_h, in_w), dy (batch, out_channels, out_h, out_w),
//   dweight (out_channels, in_channels / groups, kernel_h, kernel_w)
//   dweight[o, c, ky, kx] = sum over n, i, j of dy[n, o, i, j] x[n, c, i * stride + ky * dilation - pad, ...]
// One thread owns one element of dweight.

alias T = f32; // slot
alias U = f32; // slot
struct Params {
  batch: u32, in_channels: u32, in_h: u32, in_w: u32, out_channels: u32, out_h: u32, out_w: u32,
  kernel_h: u32, kernel_w: u32, stride_y: u32, stride_x: u32, pad_top: u32, pad_left: u32,
  dilation_y: u32, dilation_x: u32, conv_groups: u32, x_base: u32, dy_base: u32, dweight_base: u32,
}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read_write> dweight: array<U>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let element = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  let channels = p.in_channels / p.conv_groups;
  if (element >= p.out_channels * channels * p.kernel_h * p.kernel_w) { return; }
  let kx = element % p.kernel_w;
  let ky = element / p.kernel_w % p.kernel_h;
  let c = element / (p.kernel_w * p.kernel_h) % channels;
  let out_channel = element / (p.kernel_w * p.kernel_h * channels);
  let in_channel = out_channel / (p.out_channels / p.conv_groups) * channels + c;
  var sum = 0.0;
  for (var image = 0u; image < p.batch; image++) {
    var of_image = 0.0; // a partial sum an image keeps rounding errors small
    for (var out_y = 0u; out_y < p.out_h; out_y++) {
      let in_y = out_y * p.stride_y + ky * p.dilation_y - p.pad_top; // above the image it wraps to a huge number
      if (in_y >= p.in_h) { continue; }
      for (var out_x = 0u; out_x < p.out_w; out_x++) {
        let in_x = out_x * p.stride_x + kx * p.dilation_x - p.pad_left;
        if (in_x >= p.in_w) { continue; }
        let at = ((image * p.in_channels + in_channel) * p.in_h + in_y) * p.in_w + in_x;
        let dy_at = ((image * p.out_channels + out_channel) * p.out_h + out_y) * p.out_w + out_x;
        of_image += f32(dy[p.dy_base + dy_at]) * f32(x[p.x_base + at]);
      }
    }
    sum += of_image;
  }
  dweight[p.dweight_base + element] = U(sum);
}
