// max_pool2d_grad: dx = the sum of dy over the windows in which this place won. Deterministic: every place looks
// at the windows that cover it, so nothing is added to from two sides.
//   taps, dy (planes, out_h, out_w), dx (planes, in_h, in_w)
// One workgroup owns one row of dx.

const LANES: u32 = 8; // slot

struct Params {
  rows: u32, in_h: u32, in_w: u32, out_h: u32, out_w: u32, kernel_h: u32, kernel_w: u32,
  stride_y: u32, stride_x: u32, pad_y: u32, pad_x: u32, dilation_y: u32, dilation_x: u32, taps_base: u32, dy_base: u32, dx_base: u32,
}
@group(0) @binding(0) var<storage, read> taps: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let row = workgroup.x + workgroup.y * groups.x;
  if (row >= p.rows) { return; }
  let plane = row / p.in_h * p.out_h * p.out_w;
  let in_y = row % p.in_h + p.pad_y;
  for (var column = lane; column < p.in_w; column += LANES) {
    let in_x = column + p.pad_x;
    var sum = 0.0;
    for (var ky = 0u; ky < p.kernel_h; ky++) {
      if (ky * p.dilation_y > in_y) { break; }
      let y = in_y - ky * p.dilation_y;
      if (y % p.stride_y != 0u || y / p.stride_y >= p.out_h) { continue; }
      for (var kx = 0u; kx < p.kernel_w; kx++) {
        if (kx * p.dilation_x > in_x) { break; }
        let x = in_x - kx * p.dilation_x;
        if (x % p.stride_x != 0u || x / p.stride_x >= p.out_w) { continue; }
        let at = plane + y / p.stride_y * p.out_w + x / p.stride_x;
        if (taps[p.taps_base + at] == ky * p.kernel_w + kx) { sum += dy[p.dy_base + at]; }
      }
    }
    dx[p.dx_base + row * p.in_w + column] = sum;
  }
}
