// Before `npm pack`: builds everything anew, so that no file of a source long gone is shipped, and the one-file bundle
// for pages without a build step. TypeScript knows WebGPU's types from version 6 on; older ones get @webgpu/types.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

rmSync(`${root}build`, { recursive: true, force: true });
for (const step of [['scripts/embed-wgsl.mjs'], ['node_modules/typescript/bin/tsc', '--build']]) {
  const { status } = spawnSync(process.execPath, step, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}
mkdirSync(`${root}build/browser`);
const { code, map } = await bundle(`export * from 'wgrad'`);
writeFileSync(`${root}build/browser/wgrad.min.js`, `${code.trimEnd()}\n//# sourceMappingURL=wgrad.min.js.map\n`);
writeFileSync(`${root}build/browser/wgrad.min.js.map`, map);

mkdirSync(`${root}build/typescript5`);
for (const [name, entry] of [
  ['index', 'index'],
  ['train', 'train/index'],
]) {
  const text = `/// <reference types="@webgpu/types" />\nexport * from '../src/${entry}.js';\n`;
  writeFileSync(`${root}build/typescript5/${name}.d.ts`, text);
}
