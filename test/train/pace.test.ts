// The length of a run in minutes: arithmetic, the sentences, and that the run is the one of as many --epochs.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { chooseEpochs, epochsWithin, type Load, MEASURED, whatMoreBrings } from '../../src/cli/pace.js';
import { optionsOf } from '../../src/cli/presets.js';
import { deviceInfo } from '../../src/index.js';
import { readSafetensors } from '../../src/io/safetensors.js';
import { useDevice } from '../support/device.js';
import { root } from '../support/documents.js';
import { Skip, suite } from '../support/suite.js';
import { SMALL_RUN, startTrainer } from '../support/trainer-program.js';

const test = suite('train/pace');
test.before(useDevice);
const folder = mkdtempSync(`${tmpdir()}/wgrad-pace-`);
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** An epoch of 100 + 10 s, a test of 40 s. */
const load: Load = { training: 7000, validation: 2000, test: 8000 };
const pace = { training: 70, evaluation: 200 };

test('epochs, their validation, the test at the end and what has passed count', () => {
  assert.is(epochsWithin(10, 0, pace, load), 5); // 550 + 40
  assert.is(epochsWithin(10, 10, pace, load), 5);
  assert.is(epochsWithin(10, 11, pace, load), 4);
  assert.is(epochsWithin(2, 0, pace, load), 0);
  assert.is(epochsWithin(2.5, 0, pace, load), 1);
  assert.is(epochsWithin(10, 0, pace, { ...load, validation: 0, test: 0 }), 6);
});

test('what was chosen is said, with what twice the minutes would take', () => {
  const said = (minutes: number, speed = 1) => {
    const { epochs, because } = chooseEpochs(minutes, 10, { training: 70 * speed, evaluation: 200 * speed }, load);
    return `${epochs} | ${because}`;
  };
  assert.is(said(10), '5 | 70 images a second here: 5 epochs fit into 10 minutes; --minutes 20 would take 10');
  assert.is(said(1, 4), '1 | 280 images a second here: 1 epoch fits into 1 minute; --minutes 2 would take 3');
  assert.is(
    said(10, 0.1),
    '1 | 7.0 images a second here: 10 minutes are too few for an epoch; one is trained, which takes about 26',
  );
});

test('what more epochs bring is what the logs have, and nothing where that is not known', () => {
  for (const [i, log] of ['dogcat-short', 'dogcat', 'dogcat-long'].entries()) {
    const text = readFileSync(`${root}docs/logs/${log}.txt`, 'utf8');
    const [, epochs, pictures] = /(\d+) epochs of ([\d,]+) pictures/.exec(text)!;
    assert.is(pictures, '7,600');
    const [, accuracy] = /Test accuracy, single crop: ([\d.]+) %/.exec(text)!;
    assert.equal([Number(epochs), Number(accuracy)], MEASURED[i]);
  }
  const options = optionsOf('quick', { epochs: 5, seed: 7 });
  const photographs = { length: 7600, classes: ['cat', 'dog'] };
  const of = (more: object = {}, pictures = photographs) => whatMoreBrings({ ...options, ...more }, pictures, 100, 60);
  assert.is(
    of(),
    'Measured with these pictures, single crop (docs/results.md): 11 epochs came to 85.8 % (here about --minutes 20), ' +
      '16 epochs came to 86.9 % (here about --minutes 28).',
  );
  assert.is(of({ dropout: 0.5 }), '', 'a short run drops less');
  const usual = { dropout: 0.5, poolDropout: [0.25, 0.25, 0.25] };
  assert.match(of({ epochs: 11, ...usual }), /: 16 epochs came to 86\.9 % \(here about --minutes 28\)\.$/);
  assert.is(of({ epochs: 16, ...usual }), '');
  assert.is(of({ epochs: 11, dropout: 0.5 }), '', 'pools drop less');
  assert.is(of({ lr: 0.002 }), '');
  assert.is(of({}, { ...photographs, length: 7599 }), '');
  assert.is(of({}, { ...photographs, classes: ['cats', 'dogs'] }), '');
});

test('a short run of the quick preset drops less, unless it is told', () => {
  const dropout = (given: object, preset: 'quick' | 'paper' = 'quick') => optionsOf(preset, given).dropout;
  assert.equal(
    [1, 7, 8, 10].map((epochs) => dropout({ epochs })),
    [0.1, 0.1, 0.5, 0.5],
  );
  assert.equal([dropout({}), dropout({ epochs: 2, dropout: 0.3 }), dropout({ epochs: 2 }, 'paper')], [0.5, 0.3, 0.5]);
});

/** Everything in the last checkpoint. */
function state(out: string): Map<string, string> {
  const { tensors } = readSafetensors(readFileSync(`${folder}/${out}/last.safetensors`), out);
  return new Map([...tensors].map(([name, { data }]) => [name, Buffer.from(data.buffer).toString('base64')]));
}

async function train(...args: string[]): Promise<string> {
  const { code, output } = await startTrainer(args).ended;
  assert.is(code, 0, output);
  return output;
}

test('a run by minutes is the run of as many epochs, to the bit, and resumed it keeps them', async () => {
  const place = SMALL_RUN.indexOf('--epochs');
  const small = SMALL_RUN.filter((_, i) => i !== place && i !== place + 1);
  const begun = await train(...small, '--minutes', '100', '--steps', '6', '--out', `${folder}/minutes`);
  const [, chosen] = /images a second here: (\d+) epochs fit into 100 minutes; --minutes 200 would take \d+\.$/m.exec(
    begun,
  )!;
  assert.match(begun, new RegExp(`\\. ${chosen} epochs of 92 pictures`));
  const resumed = await train('--resume', `${folder}/minutes`, '--steps', '13');
  assert.match(resumed, new RegExp(`\\. ${chosen} epochs of 92 pictures`));
  assert.not.match(resumed, /fit into/);
  await train(...small, '--epochs', chosen, '--steps', '13', '--out', `${folder}/epochs`);
  assert.ok(state('epochs').size > 40);
  assert.equal(state('minutes'), state('epochs'));
});

test('without a number of epochs a software adapter takes ten minutes, and says so', async () => {
  if (!deviceInfo().software) throw new Skip('this adapter is a GPU: its preset says how many epochs');
  const small = '--stand-ins --limit 96 --batch 8 --width 0.0625 --image 67 --stored 75'.split(' ');
  const run = startTrainer([...small, '--out', `${folder}/usual`]);
  await run.said(/^\[drawn stand-ins\] \d+ images a second here: \d+ epochs fit into 10 minutes/m);
  run.child.kill('SIGKILL');
  await run.ended;
});

test.run();
