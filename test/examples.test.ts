// The small examples, run as a user would: they end by themselves with the right answer.
import { readdirSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { features } from '../src/index.js';
import { useDevice } from './support/device.js';
import { readPage, root } from './support/documents.js';
import { built, startProgram } from './support/program.js';
import { suite } from './support/suite.js';

const test = suite('examples');
test.before(useDevice);

async function run(name: string, ...args: string[]): Promise<string> {
  const { code, out, output } = await startProgram([built(`examples/${name}.js`), ...args]).ended;
  assert.is(code, 0, output);
  return out;
}

test('hello prints what its comment says', async () => {
  assert.is((await run('hello')).replace(/\s+/g, ' '), 'Float32Array(3) [ 1, -2, 3 ] ');
});

test('hello is the first program of README.md', () => {
  const program = (text: string) => text.slice(text.indexOf('await init();')).trim();
  const shown = readPage('README.md').blocks.find(({ language }) => language === 'ts')!;
  assert.is(program(readFileSync(`${root}examples/hello.ts`, 'utf8')), program(shown.code));
});

test('gradients by hand agree with the tape, and the wrong one is found', async () => {
  const said = await run('gradient-by-hand');
  const differences = Array.from(said.matchAll(/largest difference (\S+)/g), ([, value]) => Number(value));
  assert.is(differences.length, 3);
  for (const difference of differences) assert.ok(difference < 1e-5, `the largest difference is ${difference}`);
  assert.match(said, /gradcheck: agrees with finite differences/);
  assert.match(said, /gradcheck: input 0, element 0: the gradient is 0\.43\d*, finite differences give -0\.43/);
});

test('the convolutional network names 97 % of the digits that it has not seen', async () => {
  const accuracy = Number((await run('digits')).match(/test accuracy ([\d.]+) %/)![1]);
  assert.ok(accuracy >= 97, `accuracy ${accuracy} %`);
});

test('response normalization: no constant on pixels from 0 to 255, one on pixels of deviation 1', async () => {
  const said = await run('response-normalization');
  const factors = (weights: string, pixels: string) => {
    const row = new RegExp(`^weights '${weights}', pixels '${pixels}' +(\\S+) (\\S+) (\\S+) `, 'm').exec(said);
    assert.ok(row, said);
    return row.slice(1).map(Number);
  };
  for (const [weights, most] of [
    ['paper', 0.5],
    ['he', 0.1],
  ] as const) {
    for (const pixels of ['mean-image', 'mean-colour']) {
      const [least, mean, largest] = factors(weights, pixels);
      assert.ok(
        least < most && mean < largest - 0.004 && largest > 0.594,
        `${weights}, ${pixels}: ${least} ${mean} ${largest}`,
      );
    }
    const [least, , largest] = factors(weights, 'standard');
    assert.ok(least > 0.59 && largest < 0.595, `standard: ${least} to ${largest}`); // 2 to the power of -3/4
  }
});

test('every example is in the list, and is a file', () => {
  const list = readFileSync(`${root}examples/README.md`, 'utf8');
  const listed = [...list.matchAll(/^\| \[([\w-]+\.ts)\]/gm)].map(([, name]) => name).sort();
  const files = readdirSync(`${root}examples`).filter((name) => name.endsWith('.ts'));
  assert.equal(listed, files.sort());
});

test('the spiral network reaches 99 %', async () => {
  const accuracy = Number((await run('spiral')).match(/accuracy ([\d.]+) %/)![1]);
  assert.ok(accuracy >= 99, `accuracy ${accuracy} %`);
});

test('kernels of one’s own: gradients agree, and one fused kernel does what three ops do', async () => {
  const text = await run('custom-kernel');
  assert.match(text, /finite differences/);
  if (features().has('timestamp-query')) assert.match(text, /^bias_norm_relu_grad +1 /m);
  assert.match(text, /One kernel is [\d.]+ times as fast as three ops/);
});

test('the table of layers of the paper’s network', async () => {
  const table = await run('dogcat', '--summary', '--preset', 'paper');
  assert.match(
    table,
    /^conv2 +Conv2d +96, 256, kernelSize=5, stride=1, padding=2, groups=2 +27 x 27 x 256 +256 +307,456 +223,948,800$/m,
  );
  assert.match(table, /^total +56,876,418/m); // two classes instead of a thousand
});

test.run();
