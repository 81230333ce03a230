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

const MULTIPLY_ADD = /\bv_(?:dual_|pk_)?(?:fma|fmac|fmaak|fmamk|wmma)_\S+/g;

/** Vector instructions alone share the multiply-add's issue slot: scalars, loads and branches of other subgroups go beside them. */
function instruction(text: string): Instruction {
  const [op] = text.split(' ');
  const multiplyAdds = text.match(MULTIPLY_ADD)?.length ?? 0;
  const width = /_b(\d+)/.exec(op)?.[1] ?? (/_(?:d?word|format_x)(x\d)?/.test(op) ? '32' : '0');
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
  return { op, kind, slots: op.startsWith('v_') ? 1 : 0, multiplyAdds, bytes };
}
