// IR3_SHADER_DEBUG=cs,disasm: code after every pass, the machine code behind the last, and lines of figures.
import { blocksOf, type Instruction } from '../code.js';
import type { Reading } from './reading.js';

const PREFIX = 'MESA: info: ';

export function readAdreno(text: string): Reading {
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith(PREFIX))
    .map((line) => line.slice(PREFIX.length));
  const start = lines.findLastIndex((line) => /^(-+|; .*|@.*)$/.test(line) && !/^; (CL|\d)/.test(line)) + 1;
  const end = lines.findIndex((line, i) => i > start && /^(\S*\))?end$/.test(line)) + 1;
  const code = lines.slice(start, end);
  const body = code.slice(code.findIndex((line) => /\bshpe$/.test(line)) + 1); // the preamble ends there
  const figures = lines.slice(end).join('\n');
  const figure = (name: string) => Number(new RegExp(`(\\d+) ${name}`).exec(figures)?.[1] ?? Number.NaN);
  const blocks = blocksOf(body, {
    label: (line) => /^(l\d+):$/.exec(line)?.[1],
    jump(line) {
      const to = /\b(?:br\w*|jump)\b.*#(l\d+)/.exec(line)?.[1];
      if (to !== undefined) return { to, goesOn: !/\bjump\b/.test(line) };
      return /\bend$/.test(line) ? { goesOn: false } : undefined;
    },
    instruction: (line) => (/^l\d+:$/.test(line) || line.trim() === '' ? undefined : instruction(line)),
  });
  return {
    ...{ blocks, listing: body.join('\n') },
    registers: figure('full'),
    spills: body.filter((line) => /\bstp\./.test(line)).length,
    scratchBytes: 0,
    workgroupBytes: Number(/shared_size: (\d+)/.exec(text)?.[1] ?? 0),
    fits: figure('max_waves'),
  };
}

/** `(rpt2)` does it three times, `(nop3)` waits three slots before. */
function instruction(line: string): Instruction {
  const repeats = 1 + Number(/\(rpt(\d)\)/.exec(line)?.[1] ?? 0);
  const waits = Number(/\(nop(\d)\)/.exec(line)?.[1] ?? 0);
  const [op] = line.replace(/^(\([^)]*\)\s*)+/, '').split(' ');
  const parts = Number(/\.u\d+\.(\d)\./.exec(`${op}.`)?.[1] ?? 0) || /\((x?y?z?w?)\)/.exec(line)?.[1].length || 1;
  const size = /[ufs](8|16|32)/.exec(line)?.[1];
  const multiplyAdds = /^mad\.f(32|16)/.test(op) ? repeats : 0;
  const kind =
    multiplyAdds > 0
      ? 'multiply-add'
      : /^(ldl|stl)/.test(op)
        ? 'workgroup'
        : /^(isam|ldib|stib|ldg|stg|sam)/.test(op)
          ? 'global'
          : /^(ldp|stp)/.test(op)
            ? 'scratch'
            : 'other';
  const components = /^(ldl|stl)/.test(op) ? Number(/, (\d)$/.exec(line)?.[1] ?? 1) : parts;
  return {
    ...{ op, kind, multiplyAdds, slots: repeats + waits },
    bytes: kind === 'other' || kind === 'multiply-add' ? 0 : (components * Number(size ?? 32)) / 8,
  };
}
