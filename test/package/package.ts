// The package as a user gets it: packed, installed in an empty folder, and used from plain JavaScript, strict TypeScript,
// a Vite app, a page without a build step, and the command line. `npm run test:package`; it needs the npm registry.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { makePng } from '../node/made-images.js';
import { chromiumAdvice, chromiumPath, openChromium, serve } from '../support/chromium.js';
import { GLOBALS, inPage, type Program, programsOf, textOf } from '../support/document-programs.js';
import { documentation, readPage } from '../support/documents.js';
import { ENGINES } from '../support/engines.js';
import { PROGRAM_SECONDS } from '../support/limits.js';
import { Skip, suite } from '../support/suite.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const sources = `${root}test/package/app/`;
const { version, devDependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const test = suite('package');
let app = '';

function run(command: string, ...args: string[]): string {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
    cwd: app,
    encoding: 'utf8',
    timeout: PROGRAM_SECONDS * 1000,
    shell: process.platform === 'win32',
    env: { ...process.env, NODE_OPTIONS: '', FORCE_COLOR: '0' },
  });
  const how = error?.message ?? (signal ? `killed by ${signal}` : `exit code ${status}`);
  assert.is(status, 0, `${command} ${args.join(' ')}: ${how}\n${stdout}${stderr}`);
  return stdout;
}

const gettingStarted = readPage('docs/getting-started.md');

/** Follows commands of docs/getting-started.md, those of a block, installing another package in place of one. */
function follow(
  block: number,
  instead: [name: string, file: string],
  { from = 0, to }: { from?: number; to?: number } = {},
): string[] {
  const { code } = gettingStarted.blocks.filter(({ language }) => language === 'sh')[block];
  return code
    .trimEnd()
    .split('\n')
    .slice(from, to)
    .map((line) => line.replace(`install ${instead[0]}`, `install ${instead[1]}`).split(' '))
    .map(([command, ...args]) => run(command, ...args));
}

function accuracy(text: string): number {
  return Number(text.match(/accuracy ([\d.]+) %/)?.[1]);
}

const write = (name: string, text: string) => writeFileSync(`${app}/${name}`, text);
const install = (...packages: string[]) => run('npm', 'install', '--no-audit', '--no-fund', ...packages);

/** `npm pack`, from a copy of the sources: it builds anew, and what runs beside this test needs the build that is there. */
function pack(): void {
  const copy = mkdtempSync(`${tmpdir()}/wgrad-sources-`);
  try {
    cpSync(root, copy, { recursive: true, filter: (path) => !/[/\\](node_modules|build|runs|\.git)$/.test(path) });
    symlinkSync(`${root}node_modules`, `${copy}/node_modules`, 'junction');
    const { status, stderr } = spawnSync('npm', ['pack', '--pack-destination', app], { cwd: copy, encoding: 'utf8' });
    assert.is(status, 0, stderr);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

test.before(() => {
  app = mkdtempSync(`${tmpdir()}/wgrad-package-`);
  pack();
  const said = follow(0, ['wgrad', `./wgrad-${version}.tgz`]);
  assert.match(said.at(-1)!, /Everything is in order/);
});
test.after(() => rmSync(app, { recursive: true, force: true }));

test('publint and are-the-types-wrong find nothing', () => {
  run('npx', '--yes', 'publint@0.3.25', 'run', '--strict', `wgrad-${version}.tgz`);
  run('npx', '--yes', '@arethetypeswrong/cli@0.18.5', '--profile', 'esm-only', `wgrad-${version}.tgz`);
});

test('it holds what it needs and nothing else', () => {
  const folder = `${app}/node_modules/wgrad/`;
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const top = readdirSync(folder).sort();
  assert.equal(top, ['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'build', 'docs', 'models', 'package.json']);
  assert.equal(
    files.filter((file) => /\.test\.js|golden|peers[/\\]|\.(jpe?g|tsbuildinfo)$/.test(file)),
    [],
  );
  assert.equal(readdirSync(`${folder}models`).sort(), ['README.md', 'dogcat.safetensors']);
  const map = JSON.parse(readFileSync(`${folder}build/src/kernels/sources.gen.js.map`, 'utf8'));
  assert.match(map.sourcesContent[0], /^@compute @workgroup_size/m, 'the map shows WGSL as it stands');
});

test('ten lines of plain JavaScript learn the spiral, and the process ends', () => {
  const code = readFileSync(`${sources}spiral.js`, 'utf8');
  assert.ok(code.split('\n').filter((line) => line && !line.startsWith('import')).length <= 12);
  copyFileSync(`${sources}spiral.js`, `${app}/spiral.js`);
  assert.ok(accuracy(run(process.execPath, 'spiral.js')) >= 99);
});

test('the first program of docs/getting-started.md in plain JavaScript', () => {
  write('first.js', firstProgram);
  assert.match(run(process.execPath, 'first.js'), FIRST_OUTPUT);
});

const firstProgram = gettingStarted.blocks.find(({ language }) => language === 'ts')!.code;
const FIRST_OUTPUT = /^Tensor \[2, 2\] f32 .*\n\[ 2, 2 \]\nFloat32Array\(4\) \[ 7, 10, 15, 22 \]/;

for (const typescript of [devDependencies.typescript, '6.0.3', '5.9.3']) {
  test(`TypeScript ${typescript} as docs/getting-started.md sets it up compiles every block of the docs`, () => {
    rmSync(`${app}/tsconfig.json`, { force: true });
    follow(1, ['--save-dev typescript', `--save-dev typescript@${typescript}`], { to: 2 });
    write('first.ts', firstProgram);
    copyFileSync(`${sources}spiral.ts`, `${app}/spiral.ts`);
    mkdirSync(`${app}/docs`, { recursive: true });
    write('docs/globals.d.ts', GLOBALS);
    const programs = pages.flatMap(programsOf).filter(({ runs, text }) => runs && ![...text.values()].some(isRelative));
    assert.ok(programs.length > 20, `${programs.length} programs`);
    for (const program of programs) write(`docs/${program.name}.ts`, textOf(program));
    const [, said] = inPages(programs, () => follow(1, ['', ''], { from: 2 }));
    assert.match(said, FIRST_OUTPUT);
    const learned = run(process.execPath, 'build/spiral.js');
    assert.ok(accuracy(learned) >= 99);
    assert.match(learned, /limits: default/);
    run('npx', 'tsc', '--module', 'preserve', '--moduleResolution', 'bundler', '--noEmit'); // as bundlers resolve
  });
}

const pages = documentation().filter(({ path }) => path === 'README.md' || path.startsWith('docs/'));
const isRelative = (line: string) => / from '\.\.?\//.test(line);

/** Complaints of the compiler name the pages' lines. */
function inPages<T>(programs: readonly Program[], body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw new Error(inPage(programs, (error as Error).message));
  }
}

/** The program `deno` or `bun`; none where npm has it not, if that is allowed. */
async function other(engine: string): Promise<string> {
  try {
    return (await ENGINES[engine]()).execPath;
  } catch (error) {
    if (process.env.ALLOW_NO_ENGINE === '1') throw new Skip((error as Error).message);
    throw error;
  }
}

test('Deno by package, and by path as docs/getting-started.md says, without permissions', async () => {
  const deno = await other('deno');
  copyFileSync(`${sources}spiral.js`, `${app}/spiral.js`);
  assert.ok(accuracy(run(deno, 'run', '--no-prompt', 'spiral.js')) >= 99);
  write('by-npm.js', readFileSync(`${sources}spiral.js`, 'utf8').replace("'wgrad'", "'npm:wgrad'"));
  assert.ok(accuracy(run(deno, 'run', '--no-prompt', 'by-npm.js')) >= 99);
  const { code } = gettingStarted.blocks.find(({ language, code }) => language === 'js' && code.includes('"imports"'))!;
  const folder = mkdtempSync(`${tmpdir()}/wgrad-deno-`);
  try {
    writeFileSync(`${folder}/deno.json`, code.replaceAll('./wgrad/', `${app}/node_modules/wgrad/`));
    copyFileSync(`${sources}spiral.js`, `${folder}/spiral.js`);
    assert.ok(accuracy(run(deno, 'run', '--no-prompt', `${folder}/spiral.js`)) >= 99);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('Bun, and the process ends', async () => {
  const bun = await other('bun');
  copyFileSync(`${sources}spiral.js`, `${app}/spiral.js`);
  assert.ok(accuracy(run(bun, 'spiral.js')) >= 99);
});

async function accuracyOnPage(folder: string, texts: { [path: string]: string } = {}): Promise<number> {
  if (!chromiumPath()) throw new Skip(chromiumAdvice);
  const [server, browser] = await Promise.all([serve({ '/': folder }, texts), openChromium()]);
  try {
    const page = await browser.newPage();
    const lines: string[] = [];
    page.on('pageerror', (error) => lines.push(error.message));
    const said = page.waitForEvent('console', {
      predicate: (m) => /accuracy/.test(m.text()),
      timeout: PROGRAM_SECONDS * 1000,
    });
    await page.goto(`${server.url}/`);
    return accuracy((await said.catch(() => assert.unreachable(`the page said nothing; ${lines.join('; ')}`)))!.text());
  } finally {
    await browser.close();
    server.close();
  }
}

test('a Vite app in Chromium', async () => {
  install(`vite@${devDependencies.vite}`);
  mkdirSync(`${app}/site`, { recursive: true });
  write('site/index.html', '<!doctype html><title>spiral</title><script type="module" src="./spiral.js"></script>');
  copyFileSync(`${sources}spiral.js`, `${app}/site/spiral.js`);
  run('npx', 'vite', 'build', 'site', '--target', 'es2022');
  assert.ok((await accuracyOnPage(`${app}/site/dist`)) >= 99);
});

test('a page with <script type="module"> and no build step', async () => {
  const imports = '<script type="importmap">{ "imports": { "wgrad": "/browser/wgrad.min.js" } }</script>';
  const code = readFileSync(`${sources}spiral.js`, 'utf8');
  const page = `<!doctype html><title>spiral</title>${imports}<script type="module">${code}</script>`;
  assert.ok((await accuracyOnPage(`${app}/node_modules/wgrad/build`, { '/index.html': page })) >= 99);
});

test('a page with the modules as they are, wgrad/data and wgrad/train among them, by an import map', async () => {
  const modules = {
    wgrad: '/src/index.js',
    'wgrad/data': '/src/data/index.js',
    'wgrad/train': '/src/train/index.js',
    '#platform': '/src/device/browser-platform.js',
  };
  const imports = `<script type="importmap">${JSON.stringify({ imports: modules })}</script>`;
  const more = `import { drawnStandIns } from 'wgrad/data'; import { Trainer } from 'wgrad/train'; drawnStandIns(2, 8); Trainer.name;`;
  const code = `${more}\n${readFileSync(`${sources}spiral.js`, 'utf8')}`;
  const page = `<!doctype html><title>spiral</title>${imports}<script type="module">${code}</script>`;
  assert.ok((await accuracyOnPage(`${app}/node_modules/wgrad/build`, { '/index.html': page })) >= 99);
});

test('npx wgrad doctor, summary, train, predict, bench', () => {
  const { stdout, stderr } = spawnSync('npx', ['wgrad', 'doctor'], { cwd: app, encoding: 'utf8' });
  assert.match(stdout, /Adapter/);
  assert.not.match(stderr, /artificially/);
  assert.match(run('npx', 'wgrad', 'summary', '--preset', 'paper'), /conv5 +Conv2d/);
  writeFileSync(
    `${app}/picture.png`,
    makePng(40, 30, (x, y) => [6 * x, 8 * y, 99]),
  );
  assert.match(
    run('npx', 'wgrad', 'predict', 'picture.png'),
    /^picture\.png {2}(cat|dog) +[\d.]+ %\n$/,
    'by the network that comes along',
  );
  const small =
    '--stand-ins --preset quick --limit 64 --batch 8 --width 0.0625 --image 67 --stored 75 --epochs 1 --no-ten-crop';
  const trained = run('npx', 'wgrad', 'train', ...small.split(' '), '--out', 'run');
  assert.match(trained, /Try it: npx wgrad predict FILE\.\.\. --run run/);
  assert.not.match(trained + run('npx', 'wgrad', 'train', '--help'), /npm run|Dogs|\.\.\//);
  assert.ok(existsSync(`${app}/run/best.safetensors`));
  assert.match(run('npx', 'wgrad', 'bench', 'gemm 512', '--rounds', '1'), /GFLOP\/s/);
  assert.match(run('npx', 'wgrad', 'gpus', '--help'), /npx wgrad gpus \[options\]/);
  assert.match(run('npx', 'wgrad'), /npx wgrad COMMAND/);
});

test.run();
