// A kernel of your own and its gradient, as an op like any other: Swish, y = x * sigmoid(x) (Ramachandran et al. 2017).
import { empty, type Kernel, kernel, record, type Tensor } from '../../src/index.js';

const main = /* wgsl */ `
struct Params { count: u32 }
@group(1) @binding(0) var<uniform> p: Params;
fn sigmoid(x: f32) -> f32 { return 1.0 / (1.0 + exp(-x)); }
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u; // more than 65,535 workgroups come in rows
  if (i < p.count) { write(i); }
}`;
const forward = kernel(/* wgsl */ `// swish: y = x * sigmoid(x). One thread owns one number.
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
fn write(i: u32) { y[i] = x[i] * sigmoid(x[i]); }${main}`);
const backward = kernel(/* wgsl */ `// swish_grad: dx = dy * (s + x * s * (1 - s)), s = sigmoid(x).
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
fn write(i: u32) { let s = sigmoid(x[i]); dx[i] = dy[i] * (s + x[i] * s * (1.0 - s)); }${main}`);

/** Swish of every element; x and the result of any shape. */
export function swish(x: Tensor): Tensor {
  const launch = (k: Kernel, to: string, inputs: { [name: string]: Tensor }): Tensor => {
    const result = empty(x.shape);
    k.run({ ...inputs, [to]: result }, { count: x.size }, { groups: Math.ceil(x.size / 64) });
    return result;
  };
  return record('swish', launch(forward, 'y', { x }), [x], (dy) => [() => launch(backward, 'dx', { x, dy })]);
}
