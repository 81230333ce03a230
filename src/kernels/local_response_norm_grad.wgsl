// local_response_norm_grad: dx[c] = dy[c] * d[c]^-beta - 2 alpha beta x[c] * sum of r[c'] over c - RIGHT <= c' <= c + LEFT,
// where r[c'] = dy[c'] x[c'] d[c']^(-beta - 1) and d is local_response_norm.wgsl's.
//   x, dy, dx (batch, channels, plane)
// One thread owns one pixel and walks its channels with everything in registers: d is recomputed from x, which
// costs less than keeping it.

const SIZE: u32 = 5; // slot
const LEFT: u32 = SIZE / 2u;
const RIGHT: u32 = SIZE - 1u - LEFT;
const REACH: u32 = SIZE + LEFT;

struct Params { pixels: u32, channels: u32, plane: u32, alpha: f32, beta: f32, k: f32, x_base: u32, dy_base: u32, dx_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

fn power(d: f32) -> f32 { return pow(d, -p.beta); } // slot: for beta = 3/4, inverseSqrt(d) * sqrt(inverseSqrt(d))

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let pixel = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (pixel >= p.pixels) { return; }
  let at = pixel / p.plane * p.channels * p.plane + pixel % p.plane;
  var xs: array<f32, REACH>; // x of the channels up to `next`
  var ratios: array<f32, SIZE>; // r of the channels up to middle = next - RIGHT
  var direct: array<f32, LEFT + 1u>; // dy * d^-beta of the channels up to middle
  for (var next = 0u; next < p.channels + RIGHT + LEFT; next++) {
    for (var i = 0u; i + 1u < REACH; i++) { xs[i] = xs[i + 1u]; }
    for (var i = 0u; i + 1u < SIZE; i++) { ratios[i] = ratios[i + 1u]; }
    for (var i = 0u; i < LEFT; i++) { direct[i] = direct[i + 1u]; }
    let inside = next < p.channels;
    let value = x[p.x_base + at + select(0u, next, inside) * p.plane];
    xs[REACH - 1u] = select(0.0, value, inside);

    var sum = 0.0;
    for (var i = LEFT; i < REACH; i++) { sum += xs[i] * xs[i]; }
    let d = p.k + p.alpha * sum;
    let s = power(d);
    let has_middle = next >= RIGHT && next - RIGHT < p.channels;
    let middle_dy = dy[p.dy_base + at + select(0u, next - RIGHT, has_middle) * p.plane];
    ratios[SIZE - 1u] = select(0.0, middle_dy * xs[2u * LEFT] * s / d, has_middle);
    direct[LEFT] = middle_dy * s;

    if (next < RIGHT + LEFT) { continue; }
    var spread = 0.0;
    for (var i = 0u; i < SIZE; i++) { spread += ratios[i]; }
    let c = next - RIGHT - LEFT;
    dx[p.dx_base + at + c * p.plane] = direct[0] - 2.0 * p.alpha * p.beta * xs[LEFT] * spread;
  }
}
