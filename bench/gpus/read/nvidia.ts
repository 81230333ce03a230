// NAK_DEBUG=print: every pass's code; what counts is behind the last one.
import type { Block, Instruction } from '../code.js';
import type { Reading } from './reading.js';

const LAST_PASS = 'NAK IR after calc_instr_deps:\n';
const HEADER = /^\s*block(?:\.u)? (\d+) \S+ \[.*\] -> \{/;
const FOOTER = /^\s*\} -> \[(.*)\]/;

export function readNvidia(text: string): Reading {
  const start = text.lastIndexOf(LAST_PASS);
  const end = text.indexOf('\nStage: compute', start);
  const code = start < 0 ? '' : text.slice(start + LAST_PASS.length, end);
  const figures = text.slice(end, text.indexOf('Encoded shader:', end));
  const figure = (name: string) => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(figures)?.[1] ?? Number.NaN);
  const threads = /^workgroup_size: (\d+), (\d+), (\d+)/m.exec(text)?.slice(1).map(Number) ?? [32];
  const workgroupBytes = Number(/^shared_size: (\d+)/m.exec(text)?.[1] ?? 0);
  return {
    blocks: blocksOf(code),
    listing: code,
    registers: figure('Num GPRs'),
    spills: figure('Spills to mem'),
    scratchBytes: figure('SLM size'),
    workgroupBytes,
    fits: Math.min(
      figure('Max warps/SM'),
      warpsBeside(
        workgroupBytes,
        threads.reduce((a, b) => a * b),
      ),
    ),
  };
}

/** Warps that a multiprocessor's 164 KiB of workgroup memory have room for; a group takes 1 KiB more than it asks for. */
function warpsBeside(bytes: number, threads: number): number {
  return Math.floor((164 * 1024) / (bytes + 1024)) * Math.ceil(threads / 32);
}

function blocksOf(code: string): Block[] {
  const blocks: Block[] = [];
  for (const line of code.split('\n')) {
    const name = HEADER.exec(line)?.[1];
    const next = FOOTER.exec(line)?.[1];
    if (name !== undefined) blocks.push({ name, instructions: [], next: [] });
    else if (next !== undefined) blocks.at(-1)!.next = next.split(', ').filter(Boolean);
    else if (line.trim() && blocks.length > 0) blocks.at(-1)!.instructions.push(instruction(line));
  }
  return blocks;
}

function instruction(line: string): Instruction {
  const text = line
    .replace(/\/\/.*/, '')
    .split(' = ')
    .at(-1)!;
  const op =
    text
      .trim()
      .split(/\s+/)
      .find((word) => !word.startsWith('@')) ?? '';
  // ldsm: a matrix of 8 x 8 halves is 4 bytes of each of 32 lanes.
  const bytes = Number(/\.[bus](\d+)/.exec(op)?.[1] ?? 0) / 8 || 4 * Number(/^ldsm.*\.x(\d)/.exec(op)?.[1] ?? 0);
  // Of m x n x k, by 32 lanes.
  const [m, n, k] = /^[hi]mma\.m(\d+)n(\d+)k(\d+)/.exec(op)?.slice(1).map(Number) ?? [0, 0, 0];
  const matrix = m > 0;
  const multiplyAdd = matrix || /^(ffma|hfma2)\b/.test(op);
  const memory = /^(?:ld|st|ldsm)\.?(shared|global|local)?/.exec(op);
  const space = memory?.[1] ?? (/^(lds|sts|ldsm)\b/.test(op) ? 'shared' : undefined);
  const kind = multiplyAdd
    ? 'multiply-add'
    : space === 'shared'
      ? 'workgroup'
      : space === 'global'
        ? 'global'
        : space === 'local'
          ? 'scratch'
          : 'other';
  const multiplyAdds = matrix ? (m * n * k) / 32 : multiplyAdd ? 1 : 0;
  return { op, kind, slots: 1, multiplyAdds, matrix, bytes };
}
