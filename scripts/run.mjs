// node scripts/run.mjs [--no-driver] path/file.ts [args...]: sets up, builds what changed, runs the file. What npm's
// scripts call. --no-driver leaves the machine's drivers as they are.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
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

const child = spawn(
  process.execPath,
  ['--enable-source-maps', `${root}build/${file.replace(/\.ts$/, '.js')}`, ...args],
  { stdio: ['inherit', 'inherit', 'pipe'] },
);

// Dawn says this at every start, about a limit that nobody here uses.
const noise = /^Warning: maxDynamic\w+PerPipelineLayout artificially reduced from/;
createInterface({ input: child.stderr }).on('line', (line) => {
  if (!noise.test(line)) process.stderr.write(`${line}\n`);
});

// A terminal sends Ctrl-C to the child as well, which must get it once: here it is only kept from ending this process.
// Without a terminal the signal was sent to this process alone, and is passed on.
const terminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
process.on('SIGINT', () => {
  if (!terminal) child.kill('SIGINT');
});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));

child.on('close', (code, signal) => {
  if (!signal) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
