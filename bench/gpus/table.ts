// What is printed of compiled kernels: a table for each GPU, what changed since another run, machine code beside its WGSL.
import type { Mix } from './code.js';
import type { Compiled, Figures, Sources } from './compile.js';
import { DRIVERS, type GpuName } from './lab.js';

const percent = (share: number) => `${Math.floor(100 * share + 1e-9)} %`;
/** Multiply-adds, and instructions for matrix units, of all that takes their issue slot. */
export const shareOf = ({ multiplyAdds, matrices = 0, slots }: Mix): number =>
  slots === 0 ? 0 : Math.min(1, (multiplyAdds + matrices) / slots);

/** The same, to be read: `64 of 352` of a loop that matrix units work for. */
const shareText = (mix: Mix) => (mix.matrices ? `${mix.matrices} of ${mix.slots}` : percent(shareOf(mix)));

export function done(kernel: Compiled): kernel is Compiled & Figures {
  return kernel.error === undefined;
}

/** The most frequent instructions of a mix. */
export function contents({ ops }: Mix, most = 5): string {
  return ops
    .slice(0, most)
    .map(([op, count]) => `${count} ${op}`)
    .join(', ');
}

export const COLUMNS = [
  'kernel',
  'registers',
  'spills',
  'workgroup',
  'fits',
  'code',
  'hot loop',
  'step',
  'bound',
  'hot loop is',
];

/** One kernel's figures, in the order of COLUMNS. */
export function cells(kernel: Compiled & Figures): string[] {
  const { registers, spills, scratchBytes, workgroupBytes, fits, instructions, hot, step, bound } = kernel;
  const arithmetic = kernel.product;
  return [
    kernel.name,
    String(registers),
    spills > 0 || scratchBytes > 0 ? `${spills}, ${scratchBytes} B` : 'none',
    workgroupBytes > 0 ? `${(workgroupBytes / 1024).toFixed(1)} KiB` : '',
    String(fits),
    String(instructions),
    arithmetic ? shareText(hot) : '',
    arithmetic ? shareText(step) : '',
    `${percent(bound.share)} ${bound.by === bound.of ? '' : bound.by}`.trim(),
    contents(hot),
  ];
}

/** The table of one GPU, as lines. */
export function table(gpu: GpuName, kernels: readonly Compiled[]): string[] {
  const { title, registers, fits } = DRIVERS[gpu];
  const rows = [COLUMNS, ...kernels.filter(done).map(cells)];
  const widths = COLUMNS.map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const lines = rows.map((row) =>
    `  ${row.map((cell, i) => (i === 0 || i >= 8 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')}`.trimEnd(),
  );
  const errors = kernels.filter((kernel) => !done(kernel)).map((kernel) => `  NOT COMPILED: ${complaint(kernel)}`);
  return [`${title} (registers: ${registers}; fits: ${fits})`, ...lines, ...errors];
}

/** Why a kernel has no figures, with its name. */
export function complaint({ name, error = '' }: Compiled): string {
  return error.startsWith(name) ? error : `${name}: ${error}`;
}

export const LEGEND = [
  'hot loop, step: multiply-adds of all that takes their issue slot, in the hottest block and in a whole turn of its loop;',
  '  of kernels for matrix units how many of its instructions are theirs.',
  'bound: the most that a turn of the loop can reach of the peak of multiply-adds (products) or of memory (all else),',
  '  clocks of what is asked for / the longest of: slots / lanes, bytes / bytes a clock (bench/gpus/bound.ts); and what binds.',
];

const spillsOf = ({ spills = 0, scratchBytes = 0 }: Compiled) => Math.max(spills, scratchBytes);

export interface Change {
  kernel: Compiled;
  /** Such as 'registers 112 -> 96'. */
  what: string[];
  better: boolean;
  /** It spills, or does not compile, and did not or did. */
  broken: boolean;
}

/** What changed of the kernels in both lists, and which new ones are broken. */
export function changes(now: readonly Compiled[], before: readonly Compiled[]): Change[] {
  const key = ({ gpu, label }: Compiled) => `${gpu} ${label}`;
  const known = new Map(before.map((kernel) => [key(kernel), kernel]));
  return now.flatMap((kernel): Change[] => {
    const old = known.get(key(kernel));
    const spills = spillsOf(kernel) > 0 && !(old && spillsOf(old) > 0);
    const broken = !done(kernel) ? !old || done(old) : spills;
    if (!old) return broken || done(kernel) ? [{ kernel, what: [newly(kernel)], better: !broken, broken }] : [];
    if (!done(kernel) || !done(old)) {
      if (done(kernel) === done(old)) return [];
      return [
        {
          kernel,
          what: [done(kernel) ? 'compiles now' : `does not compile: ${kernel.error}`],
          better: !broken,
          broken,
        },
      ];
    }
    const figures: [string, number, number, 1 | -1][] = [
      ['spills', spillsOf(old), spillsOf(kernel), -1],
      ['bound', Math.round(1000 * old.bound.share) / 10, Math.round(1000 * kernel.bound.share) / 10, 1],
      ['fits', old.fits, kernel.fits, 1],
      ['hot loop', Math.round(1000 * shareOf(old.hot)) / 10, Math.round(1000 * shareOf(kernel.hot)) / 10, 1],
      ['registers', old.registers, kernel.registers, -1],
      ['workgroup bytes', old.workgroupBytes, kernel.workgroupBytes, -1],
      ['instructions', old.instructions, kernel.instructions, -1],
    ];
    const moved = figures.filter(([, from, to]) => from !== to);
    if (moved.length === 0) return [];
    const [, from, to, sign] = moved[0]; // what matters most decides
    return [
      { kernel, what: moved.map(([name, a, b]) => `${name} ${a} -> ${b}`), better: (to - from) * sign > 0, broken },
    ];
  });
}

const newly = (kernel: Compiled) =>
  !done(kernel) ? `new, and does not compile: ${kernel.error}` : spillsOf(kernel) > 0 ? 'new, and spills' : 'new';

/** Changes as lines, the worse first. */
export function changeLines(all: readonly Change[], since: string): string[] {
  if (all.length === 0) return [`Since ${since}: nothing changed`];
  const line = ({ kernel, what }: Change) => `  ${kernel.gpu} ${kernel.name}: ${what.join(', ')}`;
  const part = (title: string, some: readonly Change[]) => (some.length > 0 ? [`${title}:`, ...some.map(line)] : []);
  const [better, worse] = [all.filter((change) => change.better), all.filter((change) => !change.better)];
  return [`Since ${since}:`, ...part('worse', worse), ...part('better or new', better)];
}

/** A kernel's WGSL on the left, its machine code on the right. */
export function beside({ wgsl, listing }: Sources, width: number): string[] {
  const [left, right] = [wgsl.trimEnd().split('\n'), listing.trimEnd().split('\n')];
  const column = Math.min(Math.max(...left.map((line) => line.length)), Math.floor(width / 2) - 3);
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i) => {
    const text = (left[i] ?? '').slice(0, column).padEnd(column);
    return `${text} | ${(right[i] ?? '').replaceAll('\t', '  ')}`.trimEnd();
  });
}
