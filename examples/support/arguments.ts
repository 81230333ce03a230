// What the examples take on the command line: [FOLDER] [--resume] [--epochs N].
import { parseArgs } from 'node:util';

/** Where the run is kept, whether it goes on, and how long it is; `folder` and `epochs` are what they are if nothing is said. */
export function readArguments(folder: string, epochs: number) {
  const options = { resume: { type: 'boolean', default: false }, epochs: { type: 'string' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  return { folder: positionals[0] ?? folder, resume: values.resume, epochs: Number(values.epochs ?? epochs) };
}
