// Kills the trainer with SIGKILL at random moments, inside the writing of checkpoints too, and resumes it each time. After
// every kill the newest whole checkpoint must equal, bit for bit, what an uninterrupted run had at that step; and what the
// kill left is resumed twice: a copy to its end, where it must equal the uninterrupted run's, and the run itself to the next kill.
//   node scripts/run.mjs test/soak/kill.soak.ts [--kills 50] [--seed N]
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '../../src/data/random.js';
import { CheckpointFiles, RunFolder } from '../../src/node/index.js';
import { type Checkpoint, readCheckpoint } from '../../src/train/index.js';

const { values } = parseArgs({ options: { kills: { type: 'string' }, seed: { type: 'string' } } });
const kills = Number(values.kills ?? 50);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const random = new Random(seed);

const program = fileURLToPath(new URL('../../examples/dogcat.js', import.meta.url));
const STEPS = 60;
const RUN = ['--save-every', '1', '--steps', String(STEPS), '--workers', '1'];
const NEW_RUN =
  '--stand-ins --preset quick --limit 96 --batch 8 --width 0.0625 --image 67 --stored 75 --epochs 6 --no-ten-crop'.split(
    ' ',
  );

/** When a run ends: at any time from its start, some time after its first checkpoint, or while it writes one. */
const moments = ['anywhere', 'training', 'writing', 'writing'] as const;
type Moment = (typeof moments)[number];

interface Started {
  child: ChildProcess;
  output: () => string;
  ended: Promise<number | null>;
}

function start(args: string[]): Started {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (text) => (output += text));
  return { child, output: () => output, ended: new Promise((resolve) => child.on('exit', (code) => resolve(code))) };
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** When a file that is being written was begun; 0 if there is none. A killed run leaves one behind. */
const partial = (folder: RunFolder) =>
  statSync(folder.file('last.safetensors.partial'), { throwIfNoEntry: false })?.birthtimeMs ?? 0;

/** Waits for the moment; returns early if the process ends by itself. */
async function wait(moment: Moment, { child }: Started, folder: RunFolder, stale: number): Promise<void> {
  const alive = () => child.exitCode === null;
  if (moment === 'anywhere') {
    for (const end = performance.now() + random.unit() * 4000; alive() && performance.now() < end; ) await sleep(5);
    return;
  }
  const writes = 1 + Math.floor(random.unit() * 6);
  for (let seen = 0; alive() && seen < writes; ) {
    const begun = partial(folder);
    if (begun !== 0 && begun !== stale && ++seen < writes) while (alive() && partial(folder)) await nextTurn();
    else await nextTurn();
  }
  if (moment === 'training') await sleep(random.unit() * 400);
}

/** All that a run goes on from, as one text; what a clock says differs from run to run. */
function contents({ tensors, metadata }: Checkpoint): { step: number; text: string } {
  const state = JSON.parse(metadata.state, (key, value) => (key === 'seconds' || key === 'waited' ? 0 : value));
  const parts = [...tensors].map(([name, { data }]) => `${name} ${Buffer.from(data.buffer).toString('base64')}`);
  const { options, classes, colours, folder } = JSON.parse(metadata.facts);
  const facts = JSON.stringify([Object.entries(options).sort(), classes, colours, folder]);
  return { step: state.position.step, text: [JSON.stringify(state), facts, ...parts.sort()].join('\n') };
}

/** What the uninterrupted run had at each step. */
async function reference(path: string): Promise<Map<number, string>> {
  const { ended, output } = start([...NEW_RUN, ...RUN, '--keep', '100', '--out', path]);
  if ((await ended) !== 0) throw new Error(`the uninterrupted run failed:\n${output()}`);
  const folder = new RunFolder(path);
  const byStep = new Map<number, string>();
  for (let age = 0; age < 100; age++) {
    const name = age === 0 ? 'last.safetensors' : `last-${age}.safetensors`;
    if (!folder.has(name)) break;
    const { step, text } = contents(readCheckpoint(folder.read(name), folder.file(name)));
    const known = byStep.get(step); // the last of an epoch is saved twice, before and after its validation
    byStep.set(step, known === undefined ? text : `${known}\n---\n${text}`);
  }
  return byStep;
}

const summary = (text = 'no such step') => `${text.slice(0, 1500)}…`;

interface Found {
  line: string;
  good: boolean;
}

/** Compares what a dead run left behind with the uninterrupted one. */
function inspect(folder: RunFolder, expected: Map<number, string>): Found {
  if (!saved(folder)) return { line: 'no checkpoint yet', good: true };
  const { checkpoint, damaged } = new CheckpointFiles(folder).newest();
  const { step, text } = contents(checkpoint);
  const good = (expected.get(step) ?? '').split('\n---\n').includes(text);
  if (!good) console.log(`expected ${summary(expected.get(step))}\nfound ${summary(text)}`);
  const passed = damaged.map(({ message }) => `, passed over ${message}`).join('');
  return { line: `step ${step}, ${good ? 'equal' : 'DIFFERENT'}${passed}`, good };
}

const saved = (folder: RunFolder) => folder.has('last.safetensors') || folder.has('last-1.safetensors');

/** How a run is begun, or gone on with if it left a checkpoint. */
const begin = (folder: RunFolder) => [
  ...(saved(folder) ? ['--resume', folder.path] : [...NEW_RUN, '--out', folder.path]),
  ...RUN,
];

/** Whether a copy of the run, resumed and left alone, ends with the bits of the uninterrupted one. */
async function finishes(folder: RunFolder, expected: Map<number, string>): Promise<boolean> {
  const copy = new RunFolder(`${folder.path}-copy`);
  if (saved(folder)) cpSync(folder.path, copy.path, { recursive: true });
  const run = start(begin(copy));
  const code = await run.ended;
  const { line, good } = inspect(copy, expected);
  const whole = code === 0 && good && line.startsWith(`step ${STEPS},`);
  if (!whole) console.log(`resumed, it ended with ${code}: ${line}\n${run.output()}`);
  rmSync(copy.path, { recursive: true });
  return whole;
}

async function soak(root: string): Promise<{ equal: number; inside: number; failed: number }> {
  const expected = await reference(`${root}/reference`);
  console.log(`seed ${seed}; the uninterrupted run saved at ${expected.size} steps`);
  const tally = { equal: 0, inside: 0, failed: 0 };
  let folder = new RunFolder(`${root}/run-1`);
  let runs = 1;
  for (let kill = 1; kill <= kills; ) {
    const stale = partial(folder);
    const started = performance.now();
    const run = start(begin(folder));
    const moment = moments[Math.floor(random.unit() * moments.length)];
    await wait(moment, run, folder, stale);
    const killed = run.child.exitCode === null && run.child.kill('SIGKILL');
    const code = await run.ended;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const { line, good } = inspect(folder, expected);
    if (killed && code === null) {
      const inside = ![0, stale].includes(partial(folder));
      const whole = await finishes(folder, expected);
      const end = whole ? 'resumed to the end: equal' : 'NOT equal at the end';
      console.log(
        `kill ${kill}/${kills} (${moment}${inside ? ', inside a write' : ''}, after ${seconds} s): ${line}; ${end}`,
      );
      if (good && whole) tally.equal++;
      if (inside) tally.inside++;
      kill++;
      continue;
    }
    const whole = code === 0 && good && line.startsWith(`step ${STEPS},`);
    console.log(`run ${runs} ended by itself with ${code}: ${line}${whole ? '' : `\n${run.output()}`}`);
    if (!whole) tally.failed++;
    folder = new RunFolder(`${root}/run-${++runs}`);
  }
  return tally;
}

const root = mkdtempSync(`${tmpdir()}/wgrad-kill-`);
try {
  const { equal, inside, failed } = await soak(root);
  console.log(
    `after ${equal} of ${kills} kills (${inside} inside a write) what was left, and the end of the run resumed from it, ` +
      "equal the uninterrupted run's",
  );
  const wrong = kills - equal + failed;
  console.log(`${equal} passed, ${wrong} failed`);
  process.exitCode = wrong > 0 ? 1 : 0;
} finally {
  rmSync(root, { recursive: true, force: true });
}
