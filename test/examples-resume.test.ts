// The examples that keep their runs: killed in the middle and resumed, each ends with the bits of a run that was left alone.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { drawnStandIns } from '../src/data/index.js';
import { readSafetensors } from '../src/io/safetensors.js';
import { encodeJpeg } from '../src/node/index.js';
import { useDevice } from './support/device.js';
import { built, startProgram } from './support/program.js';
import { suite } from './support/suite.js';

let folder = '';

const test = suite('examples-resume');
test.before(useDevice);
test.before(() => {
  folder = mkdtempSync(`${tmpdir()}/wgrad-examples-`);
  drawPictures(`${folder}/pictures`);
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** Some pictures of cats and dogs, as photographs might lie in a folder. */
function drawPictures(to: string): void {
  mkdirSync(to);
  const drawn = drawnStandIns(72, 64, 1);
  for (let i = 0; i < drawn.length; i++) {
    const planes = drawn.pixels(i);
    writeFileSync(`${to}/${drawn.classes[drawn.label(i)]}.${i}.jpg`, encodeJpeg({ width: 64, height: 64, planes }));
  }
}

/** Everything in the last checkpoint but what a clock says. */
function state(run: string): Record<string, string> {
  const file = `${folder}/${run}/last.safetensors`;
  const { tensors, metadata } = readSafetensors(readFileSync(file), file);
  const bits = [...tensors].map(([name, { data }]) => [name, Buffer.from(data.buffer).toString('base64')]);
  const plain = JSON.stringify(JSON.parse(metadata.state), (key, value) =>
    key === 'seconds' || key === 'waited' ? undefined : value,
  );
  return { ...Object.fromEntries(bits), plain };
}

for (const [name, epochs] of [
  ['regression', 3],
  ['segmentation', 2],
  ['gan', 3],
  ['finetune', 3],
  ['alexnet-dogcat', 3],
] as const) {
  test(`${name}: killed, resumed, and reported`, async () => {
    const env = { WGRAD_DATA: `${folder}/pictures`, WGRAD_CACHE: `${folder}/cache` };
    const start = (run: string, args: string[], { halted = false } = {}) =>
      startProgram([built(`examples/${name}.js`), `${folder}/${run}`, '--epochs', String(epochs), ...args], {
        halted,
        env,
      });
    const whole = await start(name, []).ended;
    assert.is(whole.code, 0, whole.output);
    const report = readFileSync(`${folder}/${name}/report.html`, 'utf8');
    assert.match(report, /^<!doctype html>/i);
    assert.ok(report.length < 5e6);

    const killed = start(`${name}-killed`, [], { halted: true });
    await killed.runTo(/wrote last.safetensors/);
    await killed.runTo(/writing last.safetensors.partial/);
    killed.child.kill('SIGKILL');
    await killed.ended;
    const { code, output } = await start(`${name}-killed`, ['--resume']).ended;
    assert.is(code, 0, output);
    assert.match(output, /^Going on at step [1-9]\d*\.$/m);
    assert.equal(state(`${name}-killed`), state(name));
  });
}

test.run();
