// max_pool2d_grad_blocks: max_pool2d_grad.wgsl with the windows' shape known when compiled. The windows over a block of
// STRIDE_Y x STRIDE_X places are the same for all of them: each is looked up once for the block, not once a place.
//   taps, dy (planes, out_h, out_w), dx (planes, in_h, in_w)
// One workgroup owns ROWS rows of blocks of dx, LANES threads each, one thread a block at a time.

const LANES: u32 = 8; // slot
const ROWS: u32 = 1; // slot
const KERNEL_H: u32 = 3; // slot
const KERNEL_W: u32 = 3; // slot
const STRIDE_Y: u32 = 2; // slot
const STRIDE_X: u32 = 2; // slot
const DILATION_Y: u32 = 1; // slot
const DILATION_X: u32 = 1; // slot
// Windows over a block, along each side.
const WINDOWS_Y: u32 = (KERNEL_H - 1u) * DILATION_Y / STRIDE_Y + 1u;
const WINDOWS_X: u32 = (KERNEL_W - 1u) * DILATION_X / STRIDE_X + 1u;

alias T = f32; // slot
alias K = u32; // slot
struct Params {
  rows: u32, block_rows: u32, in_h: u32, in_w: u32, out_h: u32, out_w: u32,
  pad_y: u32, pad_x: u32, taps_base: u32, dy_base: u32, dx_base: u32,
}
@group(0) @binding(0) var<storage, read> taps: array<K>;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read_write> dx: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(LANES * ROWS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let group = workgroup.x + workgroup.y * groups.x;
  let row = group * ROWS + select(lane / LANES, 0u, ROWS == 1u); // of one row the workgroup's number is all: nothing to divide lane by lane
  if (row >= p.rows) { return; }
  let plane = row / p.block_rows;
  let block_y = row % p.block_rows;
  for (var block_x = select(lane % LANES, lane, ROWS == 1u); block_x * STRIDE_X < p.in_w + p.pad_x; block_x += LANES) {
    var sum = array<array<f32, STRIDE_X>, STRIDE_Y>();
    for (var up = 0u; up < WINDOWS_Y; up++) {
      for (var back = 0u; back < WINDOWS_X; back++) {
        let y = block_y - up; // above the first window it wraps to a huge number
        let x = block_x - back;
        let inside = y < p.out_h && x < p.out_w;
        let at = select(0u, (plane * p.out_h + y) * p.out_w + x, inside);
        let tap = select(0xffffffffu, u32(taps[p.taps_base + at]), inside);
        let d = f32(dy[p.dy_base + at]);
        for (var i = 0u; i < STRIDE_Y; i++) {
          for (var j = 0u; j < STRIDE_X; j++) {
            let down = up * STRIDE_Y + i;
            let right = back * STRIDE_X + j;
            let reached = down % DILATION_Y == 0u && right % DILATION_X == 0u && right / DILATION_X < KERNEL_W;
            let won = reached && tap == down / DILATION_Y * KERNEL_W + right / DILATION_X;
            sum[i][j] += select(0.0, d, won);
          }
        }
      }
    }
    for (var i = 0u; i < STRIDE_Y; i++) {
      let in_y = block_y * STRIDE_Y + i - p.pad_y;
      for (var j = 0u; j < STRIDE_X; j++) {
        let in_x = block_x * STRIDE_X + j - p.pad_x;
        if (in_y < p.in_h && in_x < p.in_w) { dx[p.dx_base + (plane * p.in_h + in_y) * p.in_w + in_x] = T(sum[i][j]); }
      }
    }
  }
}
