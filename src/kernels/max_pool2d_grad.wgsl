// max_pool2d_grad: dx = the sum of dy over the windows in which this place won. Deterministic: every place looks
// at the windows that can cover it, so nothing is added to from two sides.
//   taps, dy (planes, out_h, out_w), dx (planes, in_h, in_w)
// One workgroup owns one row of dx.

const LANES: u32 = 8; // slot
// Known when compiled: dividing by a constant is many times cheaper (measured: half of this kernel).
const STRIDE_Y: u32 = 2; // slot
const STRIDE_X: u32 = 2; // slot
const DILATION_Y: u32 = 1; // slot
const DILATION_X: u32 = 1; // slot

alias T = f32; // slot
alias K = u32; // slot
struct Params {
  rows: u32, in_h: u32, in_w: u32, out_h: u32, out_w: u32, kernel_h: u32, kernel_w: u32,
  pad_y: u32, pad_x: u32, taps_base: u32, dy_base: u32, dx_base: u32,
}
@group(0) @binding(0) var<storage, read> taps: array<K>;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read_write> dx: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let row = workgroup.x + workgroup.y * groups.x;
  if (row >= p.rows) { return; }
  let plane = row / p.in_h * p.out_h * p.out_w;
  let in_y = row % p.in_h + p.pad_y;
  let reach_y = (p.kernel_h - 1u) * DILATION_Y;
  let reach_x = (p.kernel_w - 1u) * DILATION_X;
  let first_y = (max(in_y, reach_y) - reach_y + STRIDE_Y - 1u) / STRIDE_Y;
  let end_y = min(in_y / STRIDE_Y + 1u, p.out_h);
  for (var column = lane; column < p.in_w; column += LANES) {
    let in_x = column + p.pad_x;
    let first_x = (max(in_x, reach_x) - reach_x + STRIDE_X - 1u) / STRIDE_X;
    let end_x = min(in_x / STRIDE_X + 1u, p.out_w);
    var sum = 0.0;
    for (var y = first_y; y < end_y; y++) {
      let down = in_y - y * STRIDE_Y;
      if (down % DILATION_Y != 0u) { continue; }
      for (var x = first_x; x < end_x; x++) {
        let right = in_x - x * STRIDE_X;
        if (right % DILATION_X != 0u) { continue; }
        let tap = down / DILATION_Y * p.kernel_w + right / DILATION_X;
        let at = plane + y * p.out_w + x;
        if (u32(taps[p.taps_base + at]) == tap) { sum += f32(dy[p.dy_base + at]); }
      }
    }
    dx[p.dx_base + row * p.in_w + column] = T(sum);
  }
}
