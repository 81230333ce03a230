// node scripts/run.mjs [--no-driver] path/file.ts [args...]: sets up, builds what changed, runs the file. What npm's
// scripts call. --no-driver leaves the machine's drivers as they are.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { start } from '../bin/start.js';
import { build } from './build.mjs';
import { setup } from './setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const installDriver = process.argv[2] !== '--no-driver';
const [file, ...args] = process.argv.slice(installDriver ? 2 : 3);

function fail(message, code = 1) {
  console.error(message);
  process.exit(code);
}

if (!file) fail('usage: node scripts/run.mjs [--no-driver] path/file.ts [args...]', 2);
if (!existsSync(`${root}${file}`)) fail(`wgrad: there is no ${file}`);
await setup({ installDriver }).catch((error) => fail(`setup: ${error.message}`));
const broken = build();
if (broken) fail(`wgrad: ${broken.step} failed; nothing was run`, broken.code);

start(['--enable-source-maps', `${root}build/${file.replace(/\.ts$/, '.js')}`, ...args]);
