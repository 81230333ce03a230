// Kernels of the user's own: as an op with a gradient, and what is said about wrong ones.
import * as assert from 'uvu/assert';
import { hasHalf } from '../../src/autograd/autocast.js';
import {
  DtypeError,
  empty,
  gradcheck,
  KernelError,
  kernel,
  mul,
  record,
  scope,
  sync,
  type Tensor,
  tensor,
  UsageError,
} from '../../src/index.js';
import { NO_HALF, useDevice } from '../support/device.js';
import { Skip, suite } from '../support/suite.js';

const test = suite('autograd/kernel');
test.before(useDevice);

const text = (formula: string) => `// cube: y = ${formula}. One thread owns one number.
fn f(x: f32) -> f32 { return ${formula}; } // slot
struct Params { count: u32, scale: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < p.count) { y[id.x] = p.scale * f(x[id.x]); }
}`;

const cube = kernel(text('x * x * x'));
const groups = 1;

function op(x: Tensor): Tensor {
  const y = empty(x.shape);
  cube.run({ x, y }, { count: x.size, scale: 2 }, { groups });
  return record('cube', y, [x], (dy) => [
    () => {
      const slope = empty(x.shape);
      cube.run({ x, y: slope }, { count: x.size, scale: 6 }, { groups, slots: { f: 'x * x' } });
      return mul(dy, slope);
    },
  ]);
}

test('an op with a gradient, its formula a slot', async () => {
  const x = tensor([-2, 0.5, 3], { requiresGrad: true });
  assert.equal(await op(x).data(), Float32Array.of(-16, 0.25, 54));
  await gradcheck(op, [x], { eps: 1e-2 });
});

test('wrong names are named', () => {
  using _ = scope();
  const [x, y] = [tensor([1]), tensor([1])];
  const run = (tensors: object, params: object) => () => cube.run(tensors as never, params as never, { groups });
  const fails = (call: () => void, message: RegExp) =>
    assert.throws(call, (e: unknown) => e instanceof KernelError && message.test((e as Error).message));
  fails(run({ x }, { count: 1, scale: 1 }), /^cube: tensor 'y' was not given/);
  fails(run({ x, y, z: y }, { count: 1, scale: 1 }), /^cube: there is no tensor 'z'/);
  fails(run({ x, y }, { count: 1 }), /^cube: parameter 'scale' was not given/);
  fails(run({ x, y }, { count: 1, scale: 1, k: 1 }), /^cube: there is no parameter 'k'/);
});

test('text that breaks a rule says which', () => {
  const fails = (code: string, message: RegExp) =>
    assert.throws(
      () => kernel(code),
      (e: unknown) => e instanceof KernelError && message.test((e as Error).message),
    );
  fails('fn main() {}', /starts with a comment: "\/\/ name: what it computes"/);
  fails('// a: b', /a: no "@group\(0\) @binding\(0\)/);
  fails(text('x').replace('scale: f32', 'scale: vec2f'), /parameter 'scale' is vec2f; only u32, i32, f32/);
  fails(
    text('x').replace('@binding(1) var<storage', '@binding(2) var<storage'),
    /buffer 'y' has binding 2, expected 1/,
  );
  fails(text('x').replace('fn main(', 'fn start('), /no entry point/);
});

test('a mistake in the WGSL arrives with its line, and the device goes on', async () => {
  using _ = scope();
  const [x, y] = [tensor([1]), tensor([1])];
  const broken = kernel(text('x * '));
  broken.run({ x, y }, { count: 1, scale: 1 }, { groups });
  await sync().then(
    () => assert.unreachable('the sync should throw'),
    (error) => {
      assert.instance(error, KernelError);
      assert.match(error.message, /cube: does not compile: .*2:/s);
    },
  );
  await sync();
});

const words = kernel(`// words: y = x, by its bits
alias word = u32; // slot
struct Params { count: u32, shift: i32 }
@group(0) @binding(0) var<storage, read> x: array<word>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<i32>>;
@group(1) @binding(0) var<uniform> p: Params;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < p.count) { y[id.x] = vec4i(vec4u(u32(x[id.x]))) << vec4u(u32(p.shift)); }
}`);

test('what an array holds is what its tensor holds, in both directions', () => {
  using _ = scope();
  const i = () => tensor([1, 2, 3, 4], { dtype: 'i32' });
  const run = (x: Tensor, y: Tensor, slots = {}) => words.run({ x, y }, { count: 1, shift: 0 }, { groups, slots });
  const fails = (call: () => void, message: RegExp) =>
    assert.throws(call, (e: unknown) => e instanceof DtypeError && message.test((e as Error).message));
  fails(
    () => run(tensor([1]), i()),
    /^words: 'x' is an array of u32, the tensor is f32; declare an array of f32 and use bitcast/,
  );
  fails(() => run(i(), tensor([1, 2, 3, 4])), /^words: 'y' is an array of i32, the tensor is f32/);
  fails(() => run(i(), tensor([1, 2, 3, 4], { dtype: 'u8' })), /^words: 'y' is an array of i32, the tensor is u8/);
  fails(() => run(i(), i(), { word: 'f32' }), /^words: 'x' is an array of f32, the tensor is i32/);
  fails(
    () => cube.run({ x: i(), y: i() }, { count: 1, scale: 1 }, { groups }),
    /'x' is an array of f32, the tensor is i32/,
  );
  run(i(), i()); // words have no sign
  run(tensor([1], { dtype: 'u8' }), i()); // four bytes a word
});

const either = kernel(`// either: y = x / 2
alias T = f32; // slot
struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<T>;
@group(1) @binding(0) var<uniform> p: Params;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < p.count) { y[id.x] = T(0.5 * f32(x[id.x])); }
}`);

test('a slot for the elements takes f32 and f16', async () => {
  if (!hasHalf()) throw new Skip(NO_HALF);
  using _ = scope();
  const run = (x: Tensor, y: Tensor, slots = {}) => either.run({ x, y }, { count: 3 }, { groups, slots });
  for (const dtype of ['f32', 'f16'] as const) {
    const [x, y] = [tensor([1, -3, 65504], { dtype }), empty([3], dtype)];
    run(x, y);
    assert.equal(await y.data(), Float32Array.of(0.5, -1.5, 32752), dtype);
  }
  const fails = (call: () => void, kind: typeof DtypeError | typeof KernelError, message: RegExp) =>
    assert.throws(call, (e: unknown) => e instanceof kind && message.test((e as Error).message));
  const [half, single] = [tensor([1], { dtype: 'f16' }), tensor([1])];
  fails(() => run(half, single), KernelError, /^either: 'x' is given f16, and another array of T is not; cast one/);
  fails(() => run(half, half, { T: 'f32' }), DtypeError, /^either: 'x' is an array of f32, the tensor is f16/);
  fails(() => run(single, single, { T: 'f16' }), DtypeError, /^either: 'x' is an array of f16, the tensor is f32/);
  fails(
    () => cube.run({ x: half, y: half }, { count: 1, scale: 1 }, { groups }),
    DtypeError,
    /^cube: 'x' is an array of f32, the tensor is f16; declare an array of T, with "alias T = f32; \/\/ slot", for both/,
  );
  fails(
    () => words.run({ x: half, y: half }, { count: 1, shift: 0 }, { groups }),
    DtypeError,
    /array of u32, .* is f16/,
  );
});

test('arguments that only TypeScript looks at', () => {
  using _ = scope();
  const [x, y] = [tensor([1]), tensor([1])];
  const run =
    (...args: unknown[]) =>
    () =>
      (cube.run as (...args: unknown[]) => void)(...args);
  const fails = (call: () => void, message: RegExp) =>
    assert.throws(call, (e: unknown) => e instanceof UsageError && message.test((e as Error).message));
  const params = { count: 1, scale: 1 };
  fails(run(), /^cube: takes tensors by name, such as \{ x \}, got undefined/);
  fails(run({ x, y }), /^cube: takes parameters by name, such as \{ x \}, got undefined/);
  fails(run({ x, y }, params), /^cube: takes options \{ slots, groups, flops \}, got undefined/);
  fails(run({ x, y }, params, {}), /^cube: .*groups/);
  fails(run({ x, y }, params, { groups: 1.5 }), /^cube: groups is workgroups: a whole number, or up to three/);
  fails(run({ x, y }, params, { groups: 1, group: 2 }), /^cube: there is no option 'group'; did you mean 'groups'\?/);
  fails(run({ x, y }, params, { groups: 1, slots: { f: null } }), /^cube: slots is right-hand sides by name/);
  fails(run({ x, y: [1] }, params, { groups }), /^cube: 'y' is a tensor, got \[1\]/);
  fails(run({ x, y }, { count: 1.5, scale: 1 }, { groups }), /^cube: parameter 'count' is u32, got 1.5/);
  fails(run({ x, y }, { count: -1, scale: 1 }, { groups }), /^cube: parameter 'count' is u32, got -1/);
  fails(run({ x, y }, { count: 1, scale: '1' }, { groups }), /^cube: parameter 'scale' is f32, got '1'/);
  fails(() => kernel(undefined as never), /^kernel: code is WGSL text, got undefined/);
});

test.run();
