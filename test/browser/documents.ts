// The documentation's blocks for pages, run in one: bundled as a reader's bundler does it, or as the HTML that they are.
// `npm run test:browser -- docs`. What a block waits for (files, a click, a call of what it exports) is done here.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Browser, Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { build } from 'vite';
import { makePng } from '../node/made-images.js';
import { openChromium, type Served, serve } from '../support/chromium.js';
import { compilePrograms, exported, type Program, programsOf } from '../support/document-programs.js';
import { documentation, root } from '../support/documents.js';
import { FILE_SECONDS } from '../support/limits.js';
import { showResults } from '../support/report.js';
import { deferSuites, runSuites, suite } from '../support/suite.js';

const ENTRIES = ['wgrad', 'wgrad/data', 'wgrad/train', 'wgrad/io', 'wgrad/report'];
const entryFile = (entry: string) => `${root}build/src/${entry.slice('wgrad'.length)}/index.js`.replace('//', '/');

const pages = documentation();
for (const entry of ENTRIES) exported.set(entry, Object.keys(await import(entry)));
const programs = pages.flatMap(programsOf);
const inPages = programs.filter(({ runs, name }) => !runs && !name.endsWith('-tables'));
const htmlBlocks = pages.flatMap(({ path, blocks }) =>
  blocks.filter(({ language }) => language === 'html').map(({ line, code }) => ({ path, line, code })),
);

let folder = '';
let server: Served;
let browser: Browser;

/** A program's module as a page loads it, and the library beside it, on one device. */
async function bundlePrograms(): Promise<void> {
  const own = inPages.map(({ name }) => [name, `${root}build/docs/${name}.js`]);
  const library = ENTRIES.map((entry) => [entry.replace('/', '-'), entryFile(entry)]);
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    resolve: {
      alias: ENTRIES.map((entry) => ({ find: new RegExp(`^${entry}$`), replacement: entryFile(entry) })),
    },
    build: {
      outDir: `${folder}/site`,
      target: 'es2022',
      minify: false,
      lib: { entry: Object.fromEntries([...own, ...library]), formats: ['es'] },
    },
  });
}

function makePictures(): void {
  for (const [name, red] of Object.entries({ cat: 200, dog: 60 })) {
    mkdirSync(`${folder}/pictures/${name}`, { recursive: true });
    for (let i = 0; i < 20; i++) {
      writeFileSync(
        `${folder}/pictures/${name}/${i}.png`,
        makePng(80, 80, (x, y) => [red, (x * i) % 256, y * 3]),
      );
    }
  }
}

const BODY = '<!doctype html><title>docs</title><input type="file" webkitdirectory><button id="stop">Stop</button>';

interface Open {
  page: Page;
  complaints: string[];
}

async function open(path: string): Promise<Open> {
  const context = await browser.newContext({ acceptDownloads: true });
  const page = await context.newPage();
  page.setDefaultTimeout((FILE_SECONDS * 1000) / 2);
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  await page.goto(`${server.url}${path}`);
  return { page, complaints };
}

/** Loads a program's module in a page, and does what it waits for. */
const drivers: { of: RegExp; drive: (page: Page, module: string) => Promise<void> }[] = [
  {
    of: /webkitRelativePath/,
    async drive(page, module) {
      await page.setInputFiles('input', `${folder}/pictures`);
      const loss = page.waitForEvent('console', { predicate: (m) => Number(m.text()) > 0 });
      const ended = page.evaluate((file) => import(file).then(() => {}), module);
      await Promise.all([
        loss,
        ended.catch((error) => assert.unreachable(String(error))),
        loss.then(() => page.click('#stop')),
      ]);
    },
  },
  {
    of: /export async function probabilities/,
    async drive(page, module) {
      const sum = await page.evaluate(async (file) => {
        const [{ probabilities }, w, data] = await Promise.all(
          [file, '/wgrad.js', '/wgrad-data.js'].map((f) => import(f)),
        );
        await w.init();
        const model = new w.Sequential(new w.Flatten(), new w.Linear(3 * 67 * 67, 2));
        const canvas = new OffscreenCanvas(90, 80);
        canvas.getContext('2d')!.fillRect(0, 0, 40, 80);
        const both = [await canvas.convertToBlob(), await createImageBitmap(canvas)];
        const all = await Promise.all(both.map((s) => probabilities(model, s, data.drawnStandIns(8, 75).colours())));
        return all.map(([a, b]) => Number(a) + Number(b));
      }, module);
      for (const one of sum) assert.ok(Math.abs(one - 1) < 1e-5, `probabilities add up to ${one}`);
    },
  },
  {
    of: /export async function save/,
    async drive(page, module) {
      const download = page.waitForEvent('download');
      await page.evaluate(async (file) => {
        const [{ save }, w, data] = await Promise.all([file, '/wgrad.js', '/wgrad-data.js'].map((f) => import(f)));
        await w.init();
        await save(new w.Linear(4, 2), { classes: ['cat', 'dog'], colours: data.drawnStandIns(8, 75).colours() });
      }, module);
      const saved = `${folder}/weights.safetensors`;
      await (await download).saveAs(saved);
      const names = await page.evaluate(
        async ([file, bytes]) => {
          const [{ load }, w] = await Promise.all([file as string, '/wgrad.js'].map((f) => import(f)));
          const given = new File([Uint8Array.from(bytes as number[])], 'weights.safetensors');
          const { about } = await load(given, (classes: number) => new w.Linear(4, classes));
          return about.classes.join();
        },
        [module, [...readFileSync(saved)]] as const,
      );
      assert.is(names, 'cat,dog');
    },
  },
  {
    of: /^addEventListener\('message'/m,
    async drive(page, module) {
      const mean = await page.evaluate(
        (file) =>
          new Promise<number>((resolve, reject) => {
            const worker = new Worker(file, { type: 'module' });
            worker.onmessage = ({ data }) => resolve(data);
            worker.onerror = ({ message }) => reject(new Error(message));
            worker.postMessage('go');
          }),
        module,
      );
      assert.ok(Math.abs(mean - 0.5) < 0.1, `the mean of random numbers is ${mean}`);
    },
  },
  { of: /^/, drive: (page, module) => page.evaluate((file) => import(file).then(() => {}), module) },
];

deferSuites(); // the tests below wait for `runDocuments`
const test = suite('browser/docs');

test.before(async () => {
  folder = mkdtempSync(`${tmpdir()}/wgrad-docs-page-`);
  assert.equal(
    compilePrograms(programs, pages).filter((line) => /browser/.test(line)),
    [],
  );
  await bundlePrograms();
  makePictures();
  const texts = Object.fromEntries(htmlBlocks.map(({ code }, i) => [`/block-${i}.html`, code]));
  server = await serve(
    { '/node_modules/wgrad/': root, '/': `${folder}/site` },
    { '/index.html': BODY, '/node_modules/wgrad/build/browser/wgrad.min.js': `export * from '/wgrad.js';`, ...texts },
  );
  browser = await openChromium();
});
test.after(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

const textOf = ({ text }: Program) => [...text.values()].join('\n');

for (const program of inPages.filter(({ page, line }) => !inHtml(page, line))) {
  test(`${program.page}: the program of line ${program.line}`, async () => {
    const { page, complaints } = await open('/');
    const { drive } = drivers.find(({ of }) => of.test(textOf(program)))!;
    await drive(page, `/${program.name}.js`);
    assert.equal(complaints, []);
    await page.context().close();
  });
}

function inHtml(path: string, line: number): boolean {
  const within = (block: (typeof htmlBlocks)[number]) =>
    block.path === path && line >= block.line && line < block.line + block.code.split('\n').length;
  return htmlBlocks.some(within);
}

for (const [i, { path, line, code }] of htmlBlocks.entries()) {
  test(`${path}: the page of line ${line}`, async () => {
    for (const [, file] of code.matchAll(/"\.\/node_modules\/wgrad\/build\/(src\/[^"]+)"/g)) {
      assert.ok(existsSync(`${root}build/${file}`), `there is no ${file}`);
    }
    if (!code.includes('type="module"')) return; // an import map alone
    const { page, complaints } = await open(`/block-${i}.html`);
    await page.waitForFunction(() => /\d/.test(document.body?.textContent ?? ''));
    const said = await page.textContent('body');
    assert.match(String(said), code.includes('the sum is') ? /^the sum is 6\s*$/ : /^-?\d/);
    assert.equal(complaints, []);
    await page.context().close();
  });
}

test.run();

/** Runs the tests above. */
export async function runDocuments() {
  const results = await runSuites((name) => process.env.CI || console.log(`      ${name}`));
  console.log(showResults('browser/docs', results));
  return { passed: results.passed, failed: results.failures.length, skipped: results.skipped.length };
}
