// max_pool2d: y = the largest x of each window; windows may overlap.
//   x (planes, in_h, in_w), y and taps (planes, out_h, out_w): taps says which of the window's places won, counted
//   row by row, for the gradient, or all ones where it saw none. The first of equals wins, and NaN beats everything, as in PyTorch.
// One thread owns one element of y.

// Known when compiled, so that the loops over a window are unrolled and the divisions are multiplications.
const OUT_H: u32 = 27; // slot
const OUT_W: u32 = 27; // slot
const KERNEL_H: u32 = 3; // slot
const KERNEL_W: u32 = 3; // slot
const PADDED: bool = true; // slot (windows may reach outside of x)
const TAPS: bool = true; // slot (false where no gradient is wanted: taps is not written)

const NONE: u32 = 0xffffffff; // slot (2048 where K is f16: so far it counts)

alias T = f32; // slot
alias K = u32; // slot (f16 for windows of up to 2048 places)
struct Params {
  count: u32, in_h: u32, in_w: u32, stride_y: u32, stride_x: u32, pad_y: u32, pad_x: u32, dilation_y: u32, dilation_x: u32,
  x_base: u32, y_base: u32, taps_base: u32,
}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<T>;
@group(0) @binding(2) var<storage, read_write> taps: array<K>;
@group(1) @binding(0) var<uniform> p: Params;

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(value: f32) -> bool { return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u; }

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i >= p.count) { return; }
  let plane = p.x_base + i / (OUT_H * OUT_W) * p.in_h * p.in_w;
  let top = i / OUT_W % OUT_H * p.stride_y - p.pad_y; // above the image it wraps to a huge number
  let left = i % OUT_W * p.stride_x - p.pad_x;
  var best = 0.0;
  var best_tap = 0xffffffffu;
  for (var ky = 0u; ky < KERNEL_H; ky++) {
    for (var kx = 0u; kx < KERNEL_W; kx++) {
      let in_y = top + ky * p.dilation_y;
      let in_x = left + kx * p.dilation_x;
      let inside = !PADDED || (in_y < p.in_h && in_x < p.in_w);
      let value = f32(x[plane + select(0u, in_y * p.in_w + in_x, inside)]);
      let wins = inside && (best_tap == 0xffffffffu || value > best || is_nan(value));
      best = select(best, value, wins);
      best_tap = select(best_tap, ky * KERNEL_W + kx, wins);
    }
  }
  // A window that sees nothing is minus infinity, whose bits are made here: WGSL has no constant for it.
  y[p.y_base + i] = T(select(best, bitcast<f32>(best_tap & 0xff800000u), best_tap == 0xffffffffu));
  if (TAPS) { taps[p.taps_base + i] = K(select(best_tap, NONE, best_tap == 0xffffffffu)); }
}
