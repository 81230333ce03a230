// Every export that PyTorch has a counterpart of, against PyTorch's values: test/golden/every.py has a line for each case, the
// edges of f32 among them. How wgrad is called stands in the case.
import * as assert from 'uvu/assert';
import * as w from '../../src/index.js';
import { useDevice } from '../support/device.js';
import { type GoldenCase, goldenCases } from '../support/golden.js';
import { counterparts, withoutCounterpart } from '../support/golden-covered.js';
import { suite } from '../support/suite.js';
import { allowance, assertClose, channelScale } from '../support/tolerance.js';

const test = suite('ops/golden-every');
test.before(useDevice);

interface Args {
  run: string;
  with: unknown[];
  /** Of the longest sum; 0 where each value is held against itself. */
  terms: number;
}

type Made = { [key: string]: (...args: unknown[]) => w.Tensor } & {
  [key: string]: new (...args: unknown[]) => w.Module;
};

/** '$x' is input.x, wherever it stands. */
function filledIn(arg: unknown, inputs: Record<string, w.Tensor>): unknown {
  if (typeof arg === 'string' && arg.startsWith('$')) return inputs[arg.slice(1)];
  if (Array.isArray(arg)) return arg.map((part) => filledIn(part, inputs));
  if (typeof arg !== 'object' || arg === null) return arg;
  return Object.fromEntries(Object.entries(arg).map(([name, part]) => [name, filledIn(part, inputs)]));
}

function compare(what: string, actual: ArrayLike<number>, c: GoldenCase, key: string): void {
  const { data, shape } = c.raw(key);
  const { terms } = c.args as unknown as Args;
  const scale = terms === 0 || shape.length < 2 ? Float64Array.from(data, Math.abs) : channelScale(data, shape, 1);
  const most = scale.reduce((a, b) => Math.max(a, Number.isFinite(b) ? b : 0), 0);
  const allowed = scale.map((s) =>
    allowance(terms > 0 && shape.length < 2 ? most : Number.isFinite(s) ? s : 0, Math.max(terms, 16)),
  );
  assertClose(actual, data, { what, shape, allowed });
}

/** What an op gives; a plain number as a tensor. */
function called(name: string, args: unknown[]): w.Tensor {
  const y: unknown = (w as unknown as Made)[name](...args);
  return typeof y === 'number' ? w.tensor(y) : (y as w.Tensor);
}

async function checkClip(c: GoldenCase): Promise<void> {
  const { run, with: args } = c.args as unknown as Args;
  const params = ['x', 'y'].map((name) => w.parameter(c.input(name)));
  for (const [i, p] of params.entries()) p.grad = c.input(i === 0 ? 'x' : 'y');
  const total: unknown = (w as unknown as Made)[run](params as never, args[1]);
  for (const [i, key] of ['output.x', 'output.y'].entries()) compare(key, await params[i].grad!.data(), c, key);
  if (c.has('output.total')) compare('total', await (total as w.Tensor).data(), c, 'output.total');
}

async function checkOp(c: GoldenCase): Promise<void> {
  const { run, with: args } = c.args as unknown as Args;
  const inputs = Object.fromEntries(c.keys('input.').map((name) => [name, c.input(name)]));
  using _ = w.scope();
  const y = called(
    run,
    args.map((arg) => filledIn(arg, inputs)),
  );
  assert.equal(y.shape, c.output().shape);
  compare('y', await y.data(), c, 'output.y');
  const wanting = Object.entries(inputs).filter(([name]) => c.has(`grad.${name}`));
  if (wanting.length > 0) y.backward(c.dy());
  for (const [name, t] of wanting) {
    compare(`gradient of ${name}`, await t.grad!.data(), c, `grad.${name}`);
    t.grad!.dispose();
  }
}

/** PyTorch's names to ours: running_mean to runningMean. */
const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

async function checkLayer(c: GoldenCase): Promise<void> {
  const { run, with: args } = c.args as unknown as Args;
  const layer = new (w as unknown as Made)[run](...args);
  const state = c.keys('input.').filter((name) => name.startsWith('state.'));
  layer.loadStateDict(Object.fromEntries(state.map((name) => [camel(name.slice(6)), c.raw(`input.${name}`)])));
  if (c.name.endsWith('.evaluation')) layer.eval();
  const x = c.input('x');
  using _ = w.scope();
  const y = layer.forward(x);
  assert.equal(y.shape, c.output().shape);
  compare('y', await y.data(), c, 'output.y');
  y.backward(c.dy());
  compare('gradient of x', await x.grad!.data(), c, 'grad.x');
  for (const [name, p] of layer.namedParameters()) {
    compare(`gradient of ${name}`, await p.grad!.data(), c, `grad.state.${name}`);
  }
  const after = c.keys('output.after.');
  for (const name of after) compare(name, await layer.stateDict()[camel(name)].data(), c, `output.after.${name}`);
  layer.dispose();
}

const isLayer = (name: string) => (w as unknown as Made)[name].prototype instanceof w.Module;

for (const c of goldenCases('every')) {
  const { run } = c.args as unknown as Args;
  test(c.name, () => (run.startsWith('clip') ? checkClip(c) : isLayer(run) ? checkLayer(c) : checkOp(c)));
}

test('every export has values of PyTorch, or a reason why not', () => {
  const covered = counterparts();
  const exported = Object.entries(w).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
  assert.equal(
    exported.filter((name) => !covered.has(name) && !(name in withoutCounterpart)),
    [],
    'exports without golden values: add a line to test/golden/every.py',
  );
  const both = Object.keys(withoutCounterpart).filter((name) => covered.has(name) || !exported.includes(name));
  assert.equal(both, [], 'reasons for what has values, or is not exported');
});

test.run();
