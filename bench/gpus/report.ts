// The report of one run, in markdown.
import type { Compiled } from './compile.js';
import { DRIVERS, GPUS } from './lab.js';
import { COLUMNS, cells, complaint, done, LEGEND } from './table.js';

/** Everything of one run. */
export interface Report {
  /** Such as 'Mesa 26.1.6'. */
  compilers: string;
  date: string;
  /** GPUs whose compiler did not come to its list, with the reason. */
  failures: string[];
  kernels: Compiled[];
}

/** The report's text. */
export function markdown({ compilers, date, kernels }: Report): string {
  const parts = GPUS.flatMap((gpu) => {
    const own = kernels.filter((kernel) => kernel.gpu === gpu);
    if (own.length === 0) return [];
    const { title, registers, fits } = DRIVERS[gpu];
    const rows = own.filter(done).map((kernel) => [...cells(kernel), usesOf(kernel)]);
    const errors = own.filter((kernel) => !done(kernel)).map((kernel) => `\nNot compiled: ${complaint(kernel)}`);
    return [
      `\n## ${title}\n\nRegisters: ${registers}. Fits: ${fits}.\n`,
      row([...COLUMNS, 'for']),
      row([...COLUMNS, 'for'].map(() => '---')),
      ...rows.map(row),
      ...errors,
    ];
  });
  const head = `# What four GPUs' compilers make of the kernels

${date}, ${compilers}, AlexNet's shapes at batch 128; \`npm run gpus -- --report FILE.md\`. [How to read it](../../../docs/gpus.md#the-instrument).

${LEGEND.map((line) => line.trim()).join('\n')}
`;
  return `${head}${parts.join('\n')}\n`;
}

const row = (parts: readonly string[]) => `| ${parts.map((part) => part.replaceAll('|', '\\|')).join(' | ')} |`;

function usesOf({ uses }: Compiled): string {
  const more = uses.length - 2;
  return `${uses.slice(0, 2).join('; ')}${more > 0 ? `; ${more} more` : ''}`;
}
