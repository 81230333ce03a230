// Command lines, read by Node's parser; what is wrong with one is said in a line, with what was probably meant.
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError, WgradError } from '../index.js';
import { meant } from '../options.js';

/** What Node's parser says of an option, in fewer words, with the one that was meant. */
function wrongOption(message: string, names: string[]): string {
  const ambiguous = /Option '(--[\w-]+)[^']*' argument is ambiguous/.exec(message);
  if (ambiguous) return `${ambiguous[1]}: a value cannot begin with a dash;`;
  const unknown = /Unknown option '--([\w-]+)'/.exec(message)?.[1];
  const hint = unknown === undefined ? '' : meant(unknown, names);
  const first = message.split('. ')[0];
  return hint.startsWith('did you mean') ? `${first}; ${hint.replace(/'(.*)'/, '--$1')}` : `${first};`;
}

/** Node's `parseArgs`. @throws UsageError that names the wrong option, and the one that was meant. */
export function parse<const T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(
      `${wrongOption((error as Error).message, Object.keys(config.options ?? {}))} --help lists the options`,
    );
  }
}

/** The exit code of a program: its own, or 1 after a line about what went wrong; what is no error of this library's is shown whole. */
export async function orExplain(main: () => Promise<number>): Promise<number> {
  try {
    return await main();
  } catch (error) {
    console.error(error instanceof WgradError ? error.message : error);
    return 1;
  }
}
