// A kernel of your own and its gradient, as an op like any other: Swish, y = x * sigmoid(x) (Ramachandran et al. 2017).
// `npm run example examples/custom-kernel.ts`
import { empty, gradcheck, init, kernel, profile, profileTable, record, type Tensor, tensor } from '../src/index.js';

const head = /* wgsl */ `
struct Params { count: u32 }
@group(1) @binding(0) var<uniform> p: Params;
fn sigmoid(x: f32) -> f32 { return 1.0 / (1.0 + exp(-x)); }
fn place(workgroup: vec3u, groups: vec3u, lane: u32) -> u32 { return (workgroup.x + workgroup.y * groups.x) * 64u + lane; }
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = place(workgroup, groups, lane);
  if (i >= p.count) { return; }
`;
const forward = kernel(/* wgsl */ `// swish: y = x * sigmoid(x). One thread owns one number.
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
${head} y[i] = x[i] * sigmoid(x[i]); }`);
const backward =
  kernel(/* wgsl */ `// swish_grad: dx = dy * (s + x * s * (1 - s)), s = sigmoid(x). One thread owns one number.
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
${head} let s = sigmoid(x[i]); dx[i] = dy[i] * (s + x[i] * s * (1.0 - s)); }`);

function swish(x: Tensor): Tensor {
  const launch = { groups: Math.ceil(x.size / 64) };
  const y = empty(x.shape);
  forward.run({ x, y }, { count: x.size }, launch);
  return record('swish', y, [x], (dy) => [
    () => {
      const dx = empty(x.shape);
      backward.run({ x, dy, dx }, { count: x.size }, launch);
      return dx;
    },
  ]);
}

await init();
const x = tensor([-2, -1, 0, 1, 2], { requiresGrad: true });
console.log('swish  ', Array.from(await swish(x).data(), (v) => v.toFixed(4)).join('  '));
await gradcheck(swish, [x]);
console.log('gradcheck passed');
console.log(profileTable(await profile(() => void swish(tensor(new Float32Array(2 ** 20))))));
