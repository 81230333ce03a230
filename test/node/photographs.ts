// Where the photographs for tests lie: WGRAD_DATA, else shared/data/dogs-vs-cats beside the repository.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder =
  process.env.WGRAD_DATA || fileURLToPath(new URL('../../../../shared/data/dogs-vs-cats', import.meta.url));

/** A part of the photographs: 'train', 'test' or 'odd'; null where it is not at hand. */
export function photographs(part: string): string | null {
  const path = `${folder}/${part}`;
  return existsSync(path) ? path : null;
}

export const noPhotographs = `no photographs in ${folder} (set WGRAD_DATA)`;
