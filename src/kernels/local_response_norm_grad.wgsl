// local_response_norm_grad: dx[c] = dy[c] * d[c]^-beta - 2 alpha beta x[c] * sum of r[c'] over c - RIGHT <= c' <= c + LEFT,
// where r[c'] = dy[c'] x[c'] d[c']^(-beta - 1) and d is local_response_norm.wgsl's.
//   x, dy, dx (batch, channels, plane)
// One thread owns one pixel and walks its channels STEP at a time with everything in registers: d is recomputed from
// x, which costs less than keeping it.

const SIZE: u32 = 5; // slot
const LEFT: u32 = 2; // slot: SIZE / 2
const RIGHT: u32 = SIZE - 1u - LEFT;
const KEPT: u32 = 4; // slot: SIZE - 1, from one step to the next
const KEPT_X: u32 = 6; // slot: KEPT + LEFT
const STEP: u32 = 4;

alias T = f32; // slot
struct Params { pixels: u32, channels: u32, plane: u32, alpha: f32, beta: f32, k: f32, x_base: u32, dy_base: u32, dx_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read_write> dx: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; } // shared

fn power(d: f32) -> f32 { return select(pow(d, -p.beta), d, is_nan(d)); } // slot: for beta = 3/4, inverseSqrt(d) * sqrt(inverseSqrt(d))

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let pixel = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (pixel >= p.pixels) { return; }
  let at = pixel / p.plane * p.channels * p.plane + pixel % p.plane;
  var xs: array<f32, KEPT_X + STEP>; // x of the channels up to next + STEP - 1
  var ratios: array<f32, KEPT + STEP>; // r of the channels up to RIGHT before that
  var direct: array<f32, LEFT + STEP>; // dy * d^-beta of the same
  for (var next = 0u; next < p.channels + RIGHT + LEFT; next += STEP) {
    for (var i = 0u; i < KEPT_X; i++) { // unroll
      xs[i] = xs[i + STEP];
    }
    for (var i = 0u; i < KEPT; i++) { // unroll
      ratios[i] = ratios[i + STEP];
    }
    for (var i = 0u; i < LEFT; i++) { // unroll
      direct[i] = direct[i + STEP];
    }
    for (var i = 0u; i < STEP; i++) { // unroll
      let inside = next + i < p.channels;
      let value = f32(x[p.x_base + at + select(0u, next + i, inside) * p.plane]);
      xs[KEPT_X + i] = select(0.0, value, inside);
    }
    for (var i = 0u; i < STEP; i++) { // unroll
      var sum = 0.0;
      for (var j = 0u; j < SIZE; j++) { // unroll
        sum += xs[LEFT + i + j] * xs[LEFT + i + j];
      }
      let d = p.k + p.alpha * sum;
      let s = power(d);
      let middle = next + i - RIGHT; // before the first channel it wraps to a huge number
      let inside = middle < p.channels;
      let middle_dy = f32(dy[p.dy_base + at + select(0u, middle, inside) * p.plane]);
      ratios[KEPT + i] = select(0.0, middle_dy * xs[2u * LEFT + i] * s / d, inside);
      direct[LEFT + i] = middle_dy * s;
    }
    for (var i = 0u; i < STEP; i++) { // unroll
      var spread = 0.0;
      for (var j = 0u; j < SIZE; j++) { // unroll
        spread += ratios[i + j];
      }
      let c = next + i - RIGHT - LEFT;
      if (c < p.channels) {
        dx[p.dx_base + at + c * p.plane] = T(direct[i] - 2.0 * p.alpha * p.beta * xs[LEFT + i] * spread);
      }
    }
  }
}
