// RADV_DEBUG=shaderstats,asm: the ISA, then figures.
import { blocksOf, type Instruction } from '../code.js';
import type { Reading } from './reading.js';

export function readAmd(text: string): Reading {
  const start = text.indexOf('\nBB0:') + 1;
  const end = text.indexOf('*** SHADER STATS ***');
  const listing = text.slice(start, end).replace(/\n*Compute Shader:\s*$/, '');
  const figure = (name: string) => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(text.slice(end))?.[1] ?? Number.NaN);
  const blocks = blocksOf(listing.split('\n'), {
    label: (line) => /^(BB\d+):/.exec(line)?.[1],
    jump(line) {
      const to = /^\ts_c?branch\S* (BB\d+)/.exec(line)?.[1];
      if (to !== undefined) return { to, goesOn: !line.startsWith('\ts_branch') };
      return line.startsWith('\ts_endpgm') ? { goesOn: false } : undefined;
    },
    instruction: (line) => (line.startsWith('\t') ? instruction(line.replace(/;.*/, '').trim()) : undefined),
  });
  return {
    ...{ blocks, listing },
    registers: figure('VGPRs'),
    spills: figure('Spilled VGPRs'),
    scratchBytes: figure('Scratch size'),
    workgroupBytes: figure('LDS size'),
    fits: figure('Subgroups per SIMD'),
  };
}

const MULTIPLY_ADD = /\bv_(?:dual_|pk_)?(?:fma|fmac|fmaak|fmamk)_\S+/g;

/** Vector instructions alone share the multiply-add's issue slot: scalars, loads and branches of other subgroups go beside them. */
function instruction(text: string): Instruction {
  const [op] = text.split(' ');
  // Of m x n x k, by 32 lanes.
  const [m, n, k] = /^v_wmma_\w+?_(\d+)x(\d+)x(\d+)/.exec(op)?.slice(1).map(Number) ?? [0, 0, 0];
  const matrix = m > 0;
  const multiplyAdds = matrix ? (m * n * k) / 32 : (text.match(MULTIPLY_ADD)?.length ?? 0);
  // A half or a byte takes its lane's whole turn.
  const width = /_b(\d+)/.exec(op)?.[1] ?? (/_(?:d?word|format_x)(x\d)?|_[ui](?:8|16)/.test(op) ? '32' : '0');
  const kind =
    multiplyAdds > 0
      ? 'multiply-add'
      : op.startsWith('ds_')
        ? 'workgroup'
        : /^(buffer|global)_(load|store)/.test(op)
          ? 'global'
          : op.startsWith('scratch_')
            ? 'scratch'
            : 'other';
  const bytes = kind === 'other' || kind === 'multiply-add' ? 0 : Number(width) / 8;
  return { op, kind, slots: op.startsWith('v_') ? 1 : 0, multiplyAdds, matrix, bytes };
}
