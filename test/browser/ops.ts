// Every test that needs no file system, inside Chromium: another WebGPU implementation and another adapter.
// `npm run test:browser -- ops` runs all of them, `... -- ops conv2d` those whose path has the word.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { openChromium, serve } from '../support/chromium.js';
import { goldenFiles } from '../support/golden-files.js';
import { FILE_SECONDS } from '../support/limits.js';
import { isPortable, testFiles } from '../support/portable.js';
import type { Draw } from '../support/properties/property.js';
import { sharesOf, soakProperties } from '../support/properties/soak.js';
import { showResults, showSkips } from '../support/report.js';
import { failure, type Results } from '../support/suite.js';
import type { TestPage } from './page.js';

const built = fileURLToPath(new URL('../', import.meta.url));
const sources = fileURLToPath(new URL('../../../test/', import.meta.url));

/** Bundles the compiled tests for a browser; Node's file system is swapped for files fetched before. */
async function bundleTests(files: string[], outDir: string): Promise<void> {
  const imports = files.map((file) => `${JSON.stringify(file)}: () => import('${built}${file}.test.js')`);
  const entry = `import { offer } from '${built}browser/page.js'; await offer({ ${imports.join(', ')} });`;
  await build({
    root: sources,
    configFile: false,
    logLevel: 'error',
    plugins: [
      {
        name: 'tests',
        enforce: 'pre',
        resolveId(id) {
          if (id.endsWith('/tests-entry')) return '\0tests-entry';
          return id.endsWith('/golden-files.js') ? `${built}browser/golden-files.js` : null;
        },
        load: (id) => (id === '\0tests-entry' ? entry : null),
      },
    ],
    build: {
      outDir,
      target: 'es2022',
      minify: false,
      rolldownOptions: { treeshake: false }, // package.json says that no module has effects; tests are nothing else
      chunkSizeWarningLimit: 1e6,
      lib: { entry: 'tests-entry', formats: ['es'], fileName: 'tests' },
    },
  });
}

const html = `<!doctype html><title>wgrad tests</title>
<script>globalThis.process = { env: {}, argv: [], stdout: {} }; // what the tests' support asks of Node</script>
<script type="module" src="/tests.js"></script>`;

/** One file's results; what crashes or hangs the page fails the file. */
async function runFile(page: Page, file: string): Promise<Results> {
  let test = '(loading)';
  const note = (message: { type(): string; text(): string }) => {
    if (message.type() === 'debug') test = message.text();
  };
  page.on('console', note);
  const start = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still running after ${FILE_SECONDS} s`)), FILE_SECONDS * 1000);
  });
  const run = page.evaluate((name) => (globalThis as unknown as { testPage: TestPage }).testPage.run(name), file);
  run.catch(() => {}); // told by the race below
  try {
    return await Promise.race([run, tooLong]);
  } catch (error) {
    const seconds = (performance.now() - start) / 1000;
    return { passed: 0, failures: [failure(test, error)], skipped: [], seconds };
  } finally {
    clearTimeout(timer);
    page.off('console', note);
  }
}

interface Opened {
  /** Each in a browser of its own. */
  pages: Page[];
  close: () => Promise<void>;
}

type Limits = 'adapter' | 'default';

/** Pages with these test files, each on a device of its own. */
async function openTests(files: string[], limits: Limits, count = 1): Promise<Opened> {
  const folder = mkdtempSync(`${tmpdir()}/wgrad-browser-`);
  await bundleTests(files, folder);
  const server = await serve(
    { '/golden/': `${sources}golden`, '/': folder },
    { '/index.html': html, '/golden/list.json': JSON.stringify(goldenFiles()) },
  );
  const browsers: Browser[] = [];
  const close = async () => {
    await Promise.all(browsers.map((browser) => browser.close()));
    server.close();
    if (existsSync(folder)) rmSync(folder, { recursive: true });
  };
  const open = async () => {
    const browser = await openChromium();
    browsers.push(browser);
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.log(`the page threw: ${error.message}`));
    await page.goto(server.url);
    await page.waitForFunction(() => 'testPage' in globalThis, undefined, { timeout: FILE_SECONDS * 1000 });
    const ask = (l: Limits) => (globalThis as unknown as { testPage: TestPage }).testPage.open(l);
    const adapter = await page.evaluate(ask, limits);
    return { page, title: `Chromium ${browser.version()} on ${adapter}` };
  };
  try {
    const opened = [];
    while (opened.length < count) opened.push(await open());
    console.log(`${opened[0].title}, ${limits === 'adapter' ? 'all that it offers' : "WebGPU's guaranteed limits"}`);
    return { pages: opened.map(({ page }) => page), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Compiling kernels keeps one processor busy in a browser: two browsers take the files in turn where there are two. */
const BROWSERS = Math.min(2, availableParallelism());

/** Runs the files, each on one device; returns how many tests passed, failed and were skipped. */
export async function runOps(words: string[], limits: Limits = 'adapter') {
  const portable = testFiles().filter(isPortable);
  const files = portable.filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
  const total = { passed: 0, failed: 0, skipped: 0 };
  const skips: { file: string; test: string; reason: string }[] = [];
  const { pages, close } = await openTests(files, limits, Math.min(BROWSERS, files.length));
  const left = files.values(); // of which each page takes the next
  const takeFiles = async (page: Page) => {
    for (const file of left) {
      const results = await runFile(page, file);
      total.passed += results.passed;
      total.failed += results.failures.length;
      skips.push(...results.skipped.map((skip) => ({ file, ...skip })));
      console.log(showResults(file, results));
    }
  };
  try {
    await Promise.all(pages.map(takeFiles));
  } finally {
    await close();
  }
  if (skips.length > 0) console.log(showSkips('NOT RUN', skips));
  return { ...total, skipped: skips.length };
}

/** What test/soak/properties.soak.ts does, in one page: many drawn cases of the properties named, or of all. */
export async function runProperties(
  names: string[],
  { seed, cases, limits }: { seed: number; cases: number; limits: Limits },
) {
  const plan = sharesOf(names, cases);
  const { pages, close } = await openTests([], limits);
  const [page] = pages;
  console.log(`seed ${seed}, ${cases} cases`);
  try {
    const hold = ([name, draw]: [string, Draw]) =>
      (globalThis as unknown as { testPage: TestPage }).testPage.hold(name, draw);
    const { passed, failed, redrawn } = await soakProperties(plan, { seed }, (name, draw) =>
      page.evaluate(hold, [name, draw] as [string, Draw]),
    );
    console.log(`seed ${seed}, ${redrawn} cases outside of their property's domain were drawn again`);
    return { passed, failed, skipped: 0 };
  } finally {
    await close();
  }
}
