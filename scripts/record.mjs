// npm run record -- NAME COMMAND...: runs a command and keeps what it says as docs/logs/NAME.txt, below what made it, where
// and when. Pages show parts of these files, and test/docs.test.ts compares them.
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [name, ...command] = process.argv.slice(2);
if (!/^[\w-]+$/.test(name ?? '') || command.length === 0) {
  console.error('usage: npm run record -- NAME COMMAND...');
  process.exit(2);
}

const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();

/** The commit that is run, and whether anything that runs was changed since. */
function commit() {
  const changed = git('status', '--porcelain', '--', '.', ':!docs', ':!*.md').length > 0;
  return `commit ${git('rev-parse', '--short', 'HEAD')}${changed ? ' with changes' : ''}`;
}

const { length, 0: processor } = cpus();
const load = loadavg()[0].toFixed(1);
const place = `${length} cores (${processor.model.trim()}), load before ${load}, Node ${process.versions.node}`;
const head = `$ ${command.join(' ')}\n${new Date().toISOString().slice(0, 10)}, ${commit()}, ${place}\n\n`;

const start = performance.now();
const chunks = [];
const child = spawn(command[0], command.slice(1), { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
for (const stream of [child.stdout, child.stderr]) {
  stream.on('data', (chunk) => {
    process.stdout.write(chunk);
    chunks.push(chunk);
  });
}
child.on('error', ({ message }) => {
  console.error(message);
  process.exit(1);
});
child.on('close', (code, signal) => {
  const said = Buffer.concat(chunks).toString().replaceAll(root, '').replace(/\n*$/, '\n');
  const seconds = Math.round((performance.now() - start) / 1000);
  const end = `ended with ${signal ?? `exit code ${code}`} after ${seconds} s`;
  writeFileSync(`${root}docs/logs/${name}.txt`, `${head}${said}\n${end}\n`);
  process.exitCode = code ?? 1;
});
