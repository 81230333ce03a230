// Three ops in one kernel: y = relu(lrn(x + bias)), what follows a convolution in a network of AlexNet's kind. Alone, each
// of the three reads and writes all of the memory; together they do it once. `examples/custom-kernel.ts` measures both.
import {
  empty,
  kernel,
  type LocalResponseNormOptions,
  record,
  ShapeError,
  sizeOf,
  sum,
  type Tensor,
} from '../../src/index.js';

const common = /* wgsl */ `
const SIZE: u32 = 5; // slot: neighbouring channels that count, an odd number
const REACH: u32 = SIZE / 2u;
struct Params { pixels: u32, channels: u32, plane: u32, alpha: f32, beta: f32, k: f32 }
@group(1) @binding(0) var<uniform> p: Params;
fn scale(squares: f32) -> f32 { return pow(p.k + p.alpha * squares, -p.beta); }
`;
const forward =
  kernel(/* wgsl */ `// bias_norm_relu: y[c] = max(h[c], 0) * (k + alpha * sum of h² around c)^-beta, h[c] = x[c] + bias[c]
//   x, y (batch, channels, plane), bias (channels)
// One thread owns one pixel and walks its channels, the window in registers: one load and one store a channel.
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> bias: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
${common}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let pixel = id.x + id.y * groups.x * 64u;
  if (pixel >= p.pixels) { return; }
  let at = pixel / p.plane * p.channels * p.plane + pixel % p.plane;
  var h: array<f32, SIZE>; // of the channels up to next
  for (var next = 0u; next < p.channels + REACH; next++) {
    for (var i = 0u; i + 1u < SIZE; i++) { h[i] = h[i + 1u]; }
    h[SIZE - 1u] = 0.0;
    if (next < p.channels) { h[SIZE - 1u] = x[at + next * p.plane] + bias[next]; }
    if (next < REACH) { continue; }
    var squares = 0.0;
    for (var i = 0u; i < SIZE; i++) { squares += h[i] * h[i]; }
    y[at + (next - REACH) * p.plane] = max(h[REACH], 0.0) * scale(squares);
  }
}`);
const backward =
  kernel(/* wgsl */ `// bias_norm_relu_grad: dx[c] = g[c] s[c] - 2 alpha beta h[c] * sum around c of g h s / d
// with g = dy where h > 0, d = k + alpha * sum of h² around it, s = d^-beta
//   x, dy, dx (batch, channels, plane), bias (channels)
// One thread owns one pixel; h, g s and g h s / d of the channels around are in registers, computed once a channel.
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> bias: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;
${common}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let pixel = id.x + id.y * groups.x * 64u;
  if (pixel >= p.pixels) { return; }
  let at = pixel / p.plane * p.channels * p.plane + pixel % p.plane;
  var h: array<f32, SIZE + REACH>; // of the channels up to next
  var ratio: array<f32, SIZE>; // g h s / d of the channels up to next - REACH
  var direct: array<f32, REACH + 1u>; // g s of the same
  for (var next = 0u; next < p.channels + 2u * REACH; next++) {
    for (var i = 0u; i + 1u < SIZE + REACH; i++) { h[i] = h[i + 1u]; }
    for (var i = 0u; i + 1u < SIZE; i++) { ratio[i] = ratio[i + 1u]; }
    for (var i = 0u; i < REACH; i++) { direct[i] = direct[i + 1u]; }
    h[SIZE + REACH - 1u] = 0.0;
    if (next < p.channels) { h[SIZE + REACH - 1u] = x[at + next * p.plane] + bias[next]; }
    ratio[SIZE - 1u] = 0.0;
    direct[REACH] = 0.0;
    let middle = next - REACH; // before the first channel it wraps to a huge number
    if (middle < p.channels && h[SIZE - 1u] > 0.0) {
      var squares = 0.0;
      for (var i = 0u; i < SIZE; i++) { squares += h[REACH + i] * h[REACH + i]; }
      direct[REACH] = dy[at + middle * p.plane] * scale(squares);
      ratio[SIZE - 1u] = direct[REACH] * h[SIZE - 1u] / (p.k + p.alpha * squares);
    }
    let c = middle - REACH;
    if (c >= p.channels) { continue; }
    var spread = 0.0;
    for (var i = 0u; i < SIZE; i++) { spread += ratio[i]; }
    dx[at + c * p.plane] = direct[0] - 2.0 * p.alpha * p.beta * h[REACH] * spread;
  }
}`);

/**
 * relu(localResponseNorm(x + bias)) in one pass, for x (batch, channels, height, width) and bias (channels).
 * @throws ShapeError if they do not fit together, or `size` is even.
 */
export function biasNormRelu(
  x: Tensor,
  bias: Tensor,
  { size, alpha = 1e-4, beta = 0.75, k = 1 }: LocalResponseNormOptions,
): Tensor {
  const [batch, channels, ...rest] = x.shape;
  if (x.rank < 3 || bias.rank !== 1 || bias.size !== channels || size % 2 === 0) {
    throw new ShapeError(`biasNormRelu: x [${x.shape}], bias [${bias.shape}], size ${size}`);
  }
  const plane = sizeOf(rest);
  const pixels = batch * plane;
  const params = { pixels, channels, plane, alpha: alpha / size, beta, k };
  const launch = { groups: Math.ceil(pixels / 64), slots: { SIZE: size } };
  const y = empty(x.shape);
  forward.run({ x, bias, y }, params, launch);
  return record('biasNormRelu', y, [x, bias], (dy) => {
    const dx = empty(x.shape);
    backward.run({ x, bias, dy, dx }, params, launch);
    return [
      () => dx,
      () =>
        sum(
          dx,
          x.shape.map((_, dim) => dim).filter((dim) => dim !== 1),
        ),
    ];
  });
}
