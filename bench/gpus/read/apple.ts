// AGX_MESA_DEBUG=shaders,shaderdb: machine code at its addresses, the kernel's and then its preamble's, and a line of figures.
import { blocksOf, type Instruction } from '../code.js';
import type { Reading } from './reading.js';

const LINE = /^\s*([0-9a-f]+): [0-9a-f]+ +(\S+)\s*(.*)$/;

export function readApple(text: string): Reading {
  const lines = mainCode(text.split('\n'));
  const jumps = lines.map(target);
  const starts = new Set(jumps.filter((to) => to !== undefined));
  const blocks = blocksOf(lines, {
    label(line) {
      const address = LINE.exec(line)![1];
      return starts.has(address) ? address : undefined;
    },
    jump(line) {
      const to = target(line);
      if (to !== undefined) return { to, goesOn: !/\bjmp_always\b/.test(line) };
      return LINE.exec(line)![2] === 'stop' ? { goesOn: false } : undefined;
    },
    instruction,
  });
  const figures = /^CS shader: .*$/m.exec(text)?.[0] ?? '';
  const figure = (name: string) => Number(new RegExp(`(\\d+) ${name}`).exec(figures)?.[1] ?? Number.NaN);
  return {
    ...{ blocks, listing: lines.join('\n') },
    registers: figure('gprs'),
    spills: Number(/(\d+):\d+ spills:fills/.exec(figures)?.[1] ?? Number.NaN),
    scratchBytes: figure('scratch'),
    workgroupBytes: Number(/^shared_size: (\d+)/m.exec(text)?.[1] ?? 0),
    fits: figure('threads'),
  };
}

/** From address 0 to where addresses begin again. */
function mainCode(lines: readonly string[]): string[] {
  const code = lines.filter((line) => LINE.test(line));
  const second = code.findIndex((line, i) => i > 0 && /^\s*0: /.test(line));
  return second < 0 ? code : code.slice(0, second);
}

/** Where a jump goes to: its operand counts from its own address. */
function target(line: string): string | undefined {
  const [, address, op, operand] = LINE.exec(line)!;
  if (!op.startsWith('jmp')) return undefined;
  return (Number.parseInt(address, 16) + Number(operand.trim())).toString(16);
}

function instruction(line: string): Instruction {
  const [, , op, operands] = LINE.exec(line)!;
  const parts = /, (xy?z?w?)(?:, [a-z])?$/.exec(operands.trim())?.[1].length ?? 1;
  const size = /\bi8\b/.test(operands) ? 1 : /\b[if]16\b/.test(operands) ? 2 : 4;
  const multiplyAdds = /^(ffma|hfma)$/.test(op) ? 1 : 0;
  const kind =
    multiplyAdds > 0
      ? 'multiply-add'
      : /^l(load|store)/.test(op)
        ? 'workgroup'
        : /^(load|store)$/.test(op)
          ? 'global'
          : /^stack_(load|store)/.test(op)
            ? 'scratch'
            : 'other';
  return {
    ...{ op, kind, multiplyAdds, slots: 1 },
    bytes: kind === 'other' || kind === 'multiply-add' ? 0 : parts * size,
  };
}
