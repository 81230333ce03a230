// local_response_norm: y[c] = x[c] * d[c]^-beta,  d[c] = k + alpha * sum of x[c']² over c - LEFT <= c' <= c + RIGHT
// (alpha is already divided by the size). Krizhevsky et al. 2012, section 3.3.
//   x, y (batch, channels, plane)
// One thread owns one pixel and walks its channels STEP at a time, the windows in registers: one load and one store a
// channel. Each window is summed anew; a running sum would drift.

const SIZE: u32 = 5; // slot
const KEPT: u32 = 4; // slot: SIZE - 1, from one step to the next
const LEFT: u32 = SIZE / 2u;
const RIGHT: u32 = SIZE - 1u - LEFT;
const STEP: u32 = 4;

alias T = f32; // slot
struct Params { pixels: u32, channels: u32, plane: u32, alpha: f32, beta: f32, k: f32, x_base: u32, y_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<T>;
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
  var window: array<f32, KEPT + STEP>; // x of the channels up to next + STEP - 1
  for (var next = 0u; next < p.channels + RIGHT; next += STEP) {
    for (var i = 0u; i < KEPT; i++) { // unroll
      window[i] = window[i + STEP];
    }
    for (var i = 0u; i < STEP; i++) { // unroll
      let inside = next + i < p.channels;
      let value = f32(x[p.x_base + at + select(0u, next + i, inside) * p.plane]);
      window[KEPT + i] = select(0.0, value, inside);
    }
    for (var i = 0u; i < STEP; i++) { // unroll
      var sum = 0.0;
      for (var j = 0u; j < SIZE; j++) { // unroll
        sum += window[i + j] * window[i + j];
      }
      let c = next + i - RIGHT; // before the first channel it wraps to a huge number
      if (c < p.channels) { y[p.y_base + at + c * p.plane] = T(window[LEFT + i] * power(p.k + p.alpha * sum)); }
    }
  }
}
