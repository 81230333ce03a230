// Which test files run without Node: in Chromium (test/browser/ops.ts) and in Deno (engines.ts).
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('../../../test/', import.meta.url));

/** Every test file, such as 'ops/conv2d'. */
export function testFiles(): string[] {
  return readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => file.replace('.test.ts', ''))
    .sort();
}

/** Whether a test file imports nothing from Node and starts no program. */
export function isPortable(file: string): boolean {
  if (file.startsWith('node/') || needsMpi(file)) return false;
  return !/from 'node:|src\/(node|cli|distributed)\//.test(readFileSync(`${sources}${file}.test.ts`, 'utf8'));
}

/** Whether a test file starts programs with mpirun: `npm run test:mpi` is for those. */
export const needsMpi = (file: string): boolean => file.startsWith('mpi/');
