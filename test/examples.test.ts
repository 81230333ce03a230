// The small examples, run as a user would: they end by themselves with the right answer.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { features } from '../src/index.js';
import { useDevice } from './support/device.js';
import { suite } from './support/suite.js';

const test = suite('examples');
test.before(useDevice);

function run(name: string, ...args: string[]): string {
  const file = fileURLToPath(new URL(`../examples/${name}.js`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.is(status, 0, stderr);
  return stdout;
}

test('hello learns its three weights', () => {
  const weights = run('hello')
    .match(/-?\d+\.\d+/g)!
    .map(Number);
  for (const [i, expected] of [1, -2, 3].entries()) {
    assert.ok(Math.abs(weights[i] - expected) < 0.05, `weight ${i} is ${weights[i]}`);
  }
});

test('the spiral network reaches 99 %', () => {
  const accuracy = Number(run('mlp').match(/accuracy ([\d.]+) %/)![1]);
  assert.ok(accuracy >= 99, `accuracy ${accuracy} %`);
});

test('kernels of one’s own: gradients agree, and one fused kernel does what three ops do', () => {
  const text = run('custom-kernel');
  assert.match(text, /finite differences/);
  if (features().has('timestamp-query')) assert.match(text, /^bias_norm_relu_grad +1 /m);
  assert.match(text, /One kernel is [\d.]+ times as fast as three ops/);
});

test('the table of layers of the paper’s network', () => {
  const table = run('alexnet-dogcat', '--summary', '--preset', 'paper');
  assert.match(table, /^conv2 +Conv2d +5x5\/1, padding 2, 2 groups +27 x 27 x 256 +256 +307,456 +223,948,800$/m);
  assert.match(table, /^total +56,876,418/m); // two classes instead of a thousand
});

test.run();
