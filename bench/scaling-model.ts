// A model of what a step of AlexNet takes in several processes: held against the steps that bench/scaling.ts measured, then applied to GPUs
// that nobody has run it on. docs/scaling.md has what it prints: node build/bench/scaling-model.js
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A dense layer, in features. */
type Layer = readonly [inputs: number, outputs: number];

/** The paper's AlexNet: parameters that are not in dense layers, and the dense layers. */
function network(width: number, classes: number): { rest: number; dense: Layer[] } {
  const round = (n: number) => 8 * Math.max(1, Math.round((n * width) / 8));
  const [c1, c2, c3, c4, c5] = [96, 256, 384, 384, 256].map(round);
  const weights = [121 * 3 * c1, (25 * c1 * c2) / 2, 9 * c2 * c3, (9 * c3 * c4) / 2, (9 * c4 * c5) / 2];
  const hidden = round(4096);
  const rest = [...weights, c1, c2, c3, c4, c5].reduce((a, b) => a + b, 0);
  return { rest, dense: [[36 * c5, hidden], [hidden, hidden], [hidden, classes]] }; // biome-ignore format: one line
}

const parameters = ([inputs, outputs]: Layer) => inputs * outputs + outputs;
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

/** How dense layers are trained: as all others, or cut by outputs. */
type Way = 'data' | 'dense';

/** Bytes of gradients that a process exchanges, and of each meeting in the middle of a pass what it gives and what it gets. */
function traffic(width: number, classes: number, way: Way, ranks: number, batch: number) {
  const { rest, dense } = network(width, classes);
  const cut = way === 'dense' ? dense.filter(([, outputs]) => outputs % ranks === 0 && outputs >= 64) : [];
  const whole = dense.filter((layer) => !cut.includes(layer));
  const meetings = cut.flatMap(([inputs, outputs]) => {
    const [x, y] = [4 * batch * inputs, 4 * batch * outputs];
    return [{ give: x, get: ranks * x }, { give: y, get: y }, { give: y, get: y }, { give: ranks * x, get: x }]; // biome-ignore format: one line
  });
  return { gradients: 4 * (rest + sum(whole.map(parameters))), meetings };
}

/** Processes that share a CPU, which is all that they have: what they compute, and what they move, adds up. Milliseconds. */
function shared(
  ranks: number,
  alone: number,
  { gradients, meetings }: ReturnType<typeof traffic>,
  { perMB, meeting }: { perMB: number; meeting: number },
): number {
  const moved = gradients + sum(meetings.map(({ give, get }) => (give + get) / 2));
  return ranks * alone + (moved / 1e6) * perMB + meetings.length * meeting;
}

/** Of machines with eight GPUs; bytes a second. None of it is measured. */
const ASSUMED = { bus: 12e9, copy: 8e9, memory: 200e9, net: 12.5e9, meeting: 0.3 };
/** An H100's milliseconds an example: 22 for 128. */
const H100 = 22 / 128;
const PER_MACHINE = 8;

/** Milliseconds of a step on GPUs, each with a process of its own. `half`: gradients travel as halves, made and added up on the device. */
function onGpus(ranks: number, batch: number, way: Way, half: boolean): number {
  const { bus, copy, memory, net, meeting } = ASSUMED;
  const compute = H100 * batch;
  const { gradients, meetings } = traffic(1, 1000, way, ranks, batch);
  const machines = ranks / PER_MACHINE;
  const local = Math.min(ranks, PER_MACHINE);
  const host = (bytes: number) => bytes / bus + bytes / copy;
  /** A ring: each process passes on what it gets. `bytes` is what one ends with, or begins with. */
  const ring = (bytes: number, times: number) =>
    (3 * times * (local - 1) * bytes) / memory + (times * ((machines - 1) / machines) * bytes) / net;
  const bytes = half ? gradients / 2 : gradients;
  const first = host(bytes) + (half ? ring(bytes, 1) : ring(bytes, 2));
  const added = half ? host(bytes) + host(bytes / ranks) + ring(bytes, 1) : 0; // parts go to the device, and their sum to all
  const met = meetings.map(({ give, get }) => host(give) + host(get) + ring(Math.max(give, get), 1) + meeting / 1000);
  return Math.max(compute, compute / 3 + 1000 * first) + 1000 * (added + host(bytes) + sum(met));
}

/** The least batch a process at which the way trains with that efficiency; undefined for none. */
function batchFor(efficiency: number, ranks: number, way: Way, half: boolean): number | undefined {
  for (let batch = 32; batch <= 65536; batch += 32)
    if ((H100 * batch) / onGpus(ranks, batch, way, half) >= efficiency) return batch;
}

interface Measured {
  exchange: Record<string, { perMB: number; meeting: number }>;
  steps: { width: number; batch: number; alone: number; data: Record<string, number>; dense: Record<string, number> }[];
}

/** The model against the machine that was measured, as a table; and how far it is off at most. */
export function here(): { table: string; worst: number } {
  const file = fileURLToPath(new URL('../../bench/results/scaling.json', import.meta.url));
  const { exchange, steps }: Measured = JSON.parse(readFileSync(file, 'utf8'));
  const rows: string[] = [];
  let worst = 0;
  for (const { width, batch, alone, ...ways } of steps) {
    for (const way of ['data', 'dense'] as const) {
      const cells = [2, 4].map((ranks) => {
        const predicted = shared(ranks, alone, traffic(width, 2, way, ranks, batch), exchange[ranks]);
        const measured = ways[way][ranks];
        const off = predicted / measured - 1;
        worst = Math.max(worst, Math.abs(off));
        return `${measured} | ${predicted.toFixed(0)} (${off < 0 ? '−' : '+'}${Math.abs(100 * off).toFixed(0)} %)`;
      });
      rows.push(
        `| ${width}, ${batch}${way === 'dense' ? ', dense layers cut' : ''} | ${alone} | ${cells.join(' | ')} |`,
      );
    }
  }
  const head =
    '| width, batch | 1 process, ms | 2, ms | predicted | 4, ms | predicted |\n| --- | --- | --- | --- | --- | --- |';
  return { table: [head, ...rows].join('\n'), worst };
}

/** What it says of GPUs, as a table. */
export function elsewhere(): string {
  const rows = [8, 64, 512].flatMap((ranks) =>
    (
      [
        ['all travels', 'data', false],
        ['as halves', 'data', true],
        ['dense layers cut', 'dense', false],
      ] as const
    ).map(([name, way, half]) => {
      const cells = [128, 1024].flatMap((batch) => {
        const step = onGpus(ranks, batch, way, half);
        return [`${Math.round((1000 * ranks * batch) / step).toLocaleString('en-US')}`, `${((100 * H100 * batch) / step).toFixed(0)} %`]; // biome-ignore format: one line
      });
      return `| ${ranks} | ${name} | ${cells.join(' | ')} | ${batchFor(0.85, ranks, way, half)?.toLocaleString('en-US') ?? 'none'} |`;
    }),
  );
  const head =
    '| GPUs | what travels | images a second, batch 128 each | efficiency | batch 1,024 each | efficiency | batch for 85 % |\n| --- | --- | --- | --- | --- | --- | --- |';
  return [head, ...rows].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(`${here().table}\n\n${elsewhere()}`);
