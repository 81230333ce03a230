// test/golden/ on disk; test/browser/golden-files.ts is the browser's.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../test/golden/', import.meta.url));

/** Every file of values, as 'op/case.safetensors', sorted. */
export function goldenFiles(): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.safetensors'))
    .sort();
}

export function readGolden(file: string): Uint8Array {
  return readFileSync(folder + file);
}
