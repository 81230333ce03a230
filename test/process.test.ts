// Dawn keeps Node alive while a device is open, unless src/node/pacer.ts sees to it: programs have to end by themselves,
// with the exit code that they chose.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { useDevice } from './support/device.js';
import { suite } from './support/suite.js';

const test = suite('process');
test.before(useDevice);

interface Ended {
  code: number | null;
  signal: string | null;
  out: string;
  err: string;
  seconds: number;
}

const limitSeconds = 20;

function runProgram(name: string, ...args: string[]): Promise<Ended> {
  const program = fileURLToPath(new URL(`./support/programs/${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [program, ...args], { timeout: limitSeconds * 1000, killSignal: 'SIGKILL' });
  const start = performance.now();
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => {
    out += data;
  });
  child.stderr.on('data', (data) => {
    err += data;
  });
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code, signal, out, err, seconds: (performance.now() - start) / 1000 });
    });
  });
}

function expectEnd(ended: Ended, code: number, out: string): void {
  assert.is(ended.signal, null, `killed by ${ended.signal} after ${ended.seconds.toFixed(1)} s\n${ended.err}`);
  assert.is(ended.code, code, ended.err);
  assert.is(ended.out.trim(), out);
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

test.run();
