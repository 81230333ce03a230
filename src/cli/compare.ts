// `npx wgrad compare RUN...`: runs side by side, as one HTML file.
import { basename, dirname } from 'node:path';
import { UsageError } from '../index.js';
import { compareRuns, RunFolder } from '../node/index.js';
import { orExplain, parse } from './parse.js';

const HELP = `npx wgrad compare RUN RUN... [--out FILE]

Puts runs side by side: their curves, their results, and where their settings differ. A RUN is a run's folder, such as runs/alexnet.

  --out FILE   the report, an HTML file (compare.html)`;

async function main(): Promise<number> {
  const options = { out: { type: 'string', default: 'compare.html' }, help: { type: 'boolean' } } as const;
  const { values, positionals } = parse({ options, allowPositionals: true });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (positionals.length < 2)
    throw new UsageError('compare: name two runs or more, as in: npx wgrad compare runs/alexnet runs/alexnet-2');
  const html = compareRuns(positionals);
  const folder = new RunFolder(dirname(values.out));
  folder.write(basename(values.out), html);
  console.log(`${positionals.length} runs compared: ${values.out}`);
  return 0;
}

process.exitCode = await orExplain(main);
