// local_response_norm: y[c] = x[c] * d[c]^-beta,  d[c] = k + alpha * sum of x[c']² over c - LEFT <= c' <= c + RIGHT
// (alpha is already divided by the size). Krizhevsky et al. 2012, section 3.3.
//   x, y (batch, channels, plane)
// One thread owns one pixel and walks its channels, the window in registers: one load and one store a channel.
// The window is summed anew at each step; a running sum would drift.

const SIZE: u32 = 5; // slot
const LEFT: u32 = SIZE / 2u;
const RIGHT: u32 = SIZE - 1u - LEFT;

struct Params { pixels: u32, channels: u32, plane: u32, alpha: f32, beta: f32, k: f32, x_base: u32, y_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

fn power(d: f32) -> f32 { return pow(d, -p.beta); } // slot: for beta = 3/4, inverseSqrt(d) * sqrt(inverseSqrt(d))

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let pixel = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (pixel >= p.pixels) { return; }
  let at = pixel / p.plane * p.channels * p.plane + pixel % p.plane;
  var window: array<f32, SIZE>; // x of the channels up to `next`
  for (var next = 0u; next < p.channels + RIGHT; next++) {
    for (var i = 0u; i + 1u < SIZE; i++) { window[i] = window[i + 1u]; }
    let inside = next < p.channels;
    let value = x[p.x_base + at + select(0u, next, inside) * p.plane];
    window[SIZE - 1u] = select(0.0, value, inside);
    if (next < RIGHT) { continue; }
    var sum = 0.0;
    for (var i = 0u; i < SIZE; i++) { sum += window[i] * window[i]; }
    y[p.y_base + at + (next - RIGHT) * p.plane] = window[LEFT] * power(p.k + p.alpha * sum);
  }
}
