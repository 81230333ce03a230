// Dawn keeps Node alive while a device is open, unless src/node/pacer.ts sees to it: programs have to end by themselves,
// with the exit code that they chose.
import * as assert from 'uvu/assert';
import { useDevice } from './support/device.js';
import { built, type Ended, orderOf, startProgram } from './support/program.js';
import { suite } from './support/suite.js';

const test = suite('process');
test.before(useDevice);

const runProgram = (name: string, ...args: string[]): Promise<Ended> =>
  startProgram([built(`test/support/programs/${name}.js`), ...args]).ended;

function expectEnd({ code, signal, out, err }: Ended, expected: number, said: string): void {
  assert.is(signal, null, `ended by ${signal}\n${err}`); // SIGKILL: it did not end by itself
  assert.is(code, expected, err);
  assert.is(out.trim(), said);
}

const endings = {
  'the last line': 0,
  'process.exit': 7,
  'an exception': 1,
  'an exception later': 1,
  'a rejection': 1,
  'a read in flight': 0,
  'process.exit with a read in flight': 7,
};

for (const [ending, code] of Object.entries(endings)) {
  test(`a program with an open device ends by ${ending}, exit code ${code}`, async () => {
    const ended = await runProgram('uses-device', ending);
    expectEnd(ended, code, 'sum 6');
    if (code === 1) assert.match(ended.err, /on purpose/);
  });
}

test('a program that keeps adapter and device global ends', async () => {
  expectEnd(await runProgram('keeps-adapter'), 0, 'done');
});

const phases = {
  'while kernels compile': 'lost',
  'with a read in flight': 'lost',
  'with work that nobody waits for': 'lost',
  'and opened again at once': 'lost\n9',
};

for (const [phase, out] of Object.entries(phases)) {
  test(`a program whose device is lost ${phase} is told and ends`, async () => {
    const ended = await runProgram('loses-device', phase);
    expectEnd(ended, 0, out);
    assert.not.match(ended.err, /unhandled|Error/i);
  });
}

/** What a program sees of its adapter: milliseconds of a read-back, and submits in flight at the first look. */
async function seen(adapter: string): Promise<{ ms: number; inFlight: number }> {
  const { out, err } = await startProgram([built('test/support/programs/reads-back.js')], { env: orderOf(adapter) })
    .ended;
  const [, ms, inFlight] = out.match(/^512; read again in (\d+) ms\n(\d+) submits in flight/) ?? [];
  assert.ok(inFlight, out + err);
  return { ms: Number(ms), inFlight: Number(inFlight) };
}

test('a slow adapter as the tests know it: read-backs come 100 ms late', async () => {
  const { ms } = await seen('slow');
  assert.ok(ms >= 100, `${ms} ms`);
});

test('a fast adapter as the tests know it: nothing is in flight at the first look', async () => {
  assert.is((await seen('fast')).inFlight, 0);
});

test.run();
