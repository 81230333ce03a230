// `npm run docs`: the API reference in build/api, from the docstrings. It fails if a public name has none, if a link leads
// nowhere, or if a public signature mentions a type that is not exported. TypeDoc and the TypeScript with a JavaScript
// API that it needs are installed in scripts/api-docs when first asked for: the library's own compiler has none.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { installPackages, setup } from './setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = `${root}scripts/api-docs/`;

try {
  await setup({ installDriver: false });
  installPackages(folder, 'TypeDoc');
} catch (error) {
  console.error(`docs: ${error.message}`);
  process.exit(1);
}
for (const [script, cwd] of [
  [`${root}scripts/embed-wgsl.mjs`, root],
  [`${folder}node_modules/typedoc/bin/typedoc`, folder],
]) {
  const { status } = spawnSync(process.execPath, [script], { cwd, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
console.log('docs: build/api/index.html');
