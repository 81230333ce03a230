// What is run is what is built: TypeScript and WGSL become build/, where something changed since.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The newest change below the folders, in ms. */
function newest(folders) {
  let latest = 0;
  for (const folder of folders.filter((f) => existsSync(`${root}${f}`))) {
    const recursive = folder !== 'bench'; // the peers and their modules are below
    for (const entry of readdirSync(`${root}${folder}`, { recursive, withFileTypes: true })) {
      if (!/\.(ts|js|wgsl|json)$/.test(entry.name) || entry.name === 'sources.gen.ts') continue;
      latest = Math.max(latest, statSync(`${entry.parentPath ?? entry.path}/${entry.name}`).mtimeMs);
    }
  }
  return latest;
}

/**
 * Compiles if a source is newer than the last build without errors.
 * @returns {{ step: string, code: number } | undefined} the step that failed, having told why
 */
export function build() {
  const stamp = `${root}build/.built`;
  const built = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
  const start = new Date();
  const changed = Math.max(
    newest(['src', 'examples', 'bench', 'bench/gpus', 'test']),
    statSync(`${root}tsconfig.json`).mtimeMs,
  );
  if (changed < built) return;
  const steps = [['scripts/embed-wgsl.mjs'], ['node_modules/typescript/bin/tsc', '--build']];
  for (const step of steps) {
    const { status } = spawnSync(process.execPath, step, { cwd: root, stdio: 'inherit' });
    if (status !== 0) return { step: step[0], code: status ?? 1 };
  }
  writeFileSync(stamp, '');
  utimesSync(stamp, start, start); // what changed during the build is newer
}
