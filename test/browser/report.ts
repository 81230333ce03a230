// report.html and a comparison, opened from a file in Chromium: `npm run test:browser -- report`; with `--screenshots FOLDER` it
// leaves the pictures that docs/report.md shows.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { compareHtml, type EpochFigures, type ReportParts, reportHtml, reportSvg } from '../../src/report/index.js';
import { openChromium } from '../support/chromium.js';
import { drawnHistory, drawnRun } from '../support/drawn-run.js';
import { showResults } from '../support/report.js';
import { deferSuites, runSuites, suite } from '../support/suite.js';

const WIDTHS = [320, 375, 800, 1280];
const run = drawnRun();

let browser: Browser;
let folder = '';
let screenshots = '';
const complaints: string[] = [];

/** Opens a page from a file; what it complains about and what it asks for are noted. */
async function open(html: string, options: BrowserContextOptions = {}): Promise<Page> {
  const path = `${folder}/page.html`;
  writeFileSync(path, html);
  const url = pathToFileURL(path).href;
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('request', (request) => {
    if (!request.url().startsWith('data:') && request.url() !== url) complaints.push(request.url());
  });
  await page.goto(url);
  return page;
}

async function shot(name: string, page: Page, height?: number): Promise<void> {
  if (!screenshots) return;
  if (height) await page.setViewportSize({ width: page.viewportSize()!.width, height });
  await page.screenshot({ path: `${screenshots}/${name}.png` });
}

/** Four runs of which one was shorter. */
function comparison(): string {
  const rates = [0.02, 0.05, 0.005, 0.1];
  return compareHtml(
    rates.map((rate, i) => ({
      ...{ name: `heads-${i + 1}`, title: run.title, environment: run.environment },
      history: drawnHistory(i === 2 ? 8 : 11, { seed: i, rate }),
      configuration: { ...run.configuration, optimizer: { name: 'SGD', lr: rate, momentum: 0.9 }, seed: i },
    })),
  );
}

/** Metrics from 1e-9 to 1e12, over epochs up to 20,000; some fall by sizes, some are equal. */
function ofEverySize(): EpochFigures[] {
  return Array.from({ length: 40 }, (_, i) => ({
    ...{ epoch: 500 * (i + 1), step: 12_345 * (i + 1), learningRate: 1e-9 * (i + 1), seconds: i + 1 },
    metrics: Object.fromEntries(
      [-9, -4, -1, 0, 3, 4, 6, 12].flatMap((power) => [
        [`by ten to ${power}`, -(10 ** power) * Math.sin(i)],
        [`val_by ten to ${power}`, 10 ** power * (1 + Math.cos(i))],
        [`falling to ${power}`, 10 ** (power + (40 - i) / 8)],
        [`equal ${power}`, 10 ** power],
      ]),
    ),
  }));
}

deferSuites(); // the tests below wait for `runReport`
const test = suite('browser/report');
test.before(async () => {
  folder = mkdtempSync(`${tmpdir()}/wgrad-report-`);
  browser = await openChromium();
});
test.after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('it opens from a file, asks for nothing and complains of nothing, at every width, light and dark', async () => {
  const grounds = new Set<string>();
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const html of [reportHtml(run), comparison(), reportHtml({ title: 'Nothing', history: [] })]) {
      const page = await open(html, { colorScheme });
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        assert.is(await page.evaluate(() => document.documentElement.scrollWidth), width, `wider than ${width} pixels`);
      }
      grounds.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      const broken = await page.evaluate(() => [...document.images].filter((i) => i.naturalWidth === 0).length);
      assert.is(broken, 0, 'pictures that cannot be shown');
      await page.context().close();
    }
  }
  assert.is(grounds.size, 2);
  assert.equal(complaints, []);
});

test('no two labels of a chart touch, and none leaves its figure', async () => {
  for (const html of [reportHtml(run), comparison(), reportHtml({ title: 'Sizes', history: ofEverySize() })]) {
    const page = await open(html);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      const touching = await page.evaluate(() =>
        [...document.querySelectorAll('.chart')].flatMap((figure) => {
          const around = figure.getBoundingClientRect();
          const texts = [...figure.querySelectorAll('.plot > text')]
            .map((t) => [t.textContent, t.getBoundingClientRect()] as const)
            .filter(([, box]) => box.width > 0);
          const out = texts.filter(([, box]) => box.left < around.left - 1 || box.right > around.right + 1);
          const pairs = texts.flatMap(([a, p], i) =>
            texts.slice(i + 1).flatMap(([b, q]) => {
              const across = Math.min(p.right, q.right) - Math.max(p.left, q.left);
              const down = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
              return across > 1 && down > 4 ? [`${a} on ${b}`] : []; // boxes of lines of text are higher than their letters
            }),
          );
          return [...pairs, ...out.map(([text]) => `${text} is cut`)];
        }),
      );
      assert.equal(touching, [], `${width} pixels wide`);
    }
    await page.context().close();
  }
});

test('the pointer and the arrow keys show the values of an epoch', async () => {
  const page = await open(reportHtml(run));
  const plot = page.locator('svg.plot').first();
  const box = (await plot.boundingBox())!;
  const tip = page.locator('.tip').first();
  assert.is(await tip.isVisible(), false);
  await page.mouse.move(box.x + (box.width * 4) / 11, box.y + 50); // the axis begins at epoch 0, where steps do
  const { loss, val_loss } = run.history[3].metrics;
  const shown = async () => (await tip.locator('b, span').allTextContents()).join(' ');
  assert.is(await shown(), `epoch 4 training ${loss.toFixed(3)} validation ${val_loss.toFixed(3)}`);
  await page.mouse.move(5, 5);
  assert.is(await tip.isVisible(), false);
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowLeft');
  assert.match(await shown(), /^epoch 3 /);
  await page.context().close();
});

test('without JavaScript the curves are there, and a run can be hidden', async () => {
  const page = await open(comparison(), { javaScriptEnabled: false });
  const line = page.locator('path.run1').first();
  assert.ok((await line.boundingBox())!.width > 100);
  assert.is(
    await page.locator('path.run1').evaluateAll((all) => all.filter((p) => p.getBoundingClientRect().width > 0).length),
    5,
  );
  await page.locator('#run1').uncheck();
  assert.is(await line.isVisible(), false);
  assert.is(await page.locator('path.run0').first().isVisible(), true);
  assert.is(await page.locator('.differ .run1').first().isVisible(), false);
  await page.context().close();
});

test('a name is text, whatever it holds', async () => {
  const evil = `</script><script>document.title='taken'</script><img src=x onerror="document.title='taken'">`;
  const parts: ReportParts = {
    ...{ title: 'Kept', summary: evil, model: evil, configuration: { [evil]: evil } },
    history: [1, 2].map((epoch) => ({
      epoch,
      step: epoch,
      learningRate: 1,
      seconds: epoch,
      metrics: { [evil]: epoch },
    })),
    confusion: {
      classes: [evil, evil],
      counts: [
        [1, 0],
        [0, 1],
      ],
    },
  };
  for (const html of [
    reportHtml(parts),
    compareHtml([{ title: 'Kept', name: 'Kept', history: parts.history, configuration: parts.configuration }]),
  ]) {
    const page = await open(html);
    assert.is(await page.title(), 'Kept');
    assert.is(await page.locator('script:not([type])').count(), 1);
    assert.is(await page.locator('img').count(), 0);
    assert.ok(String(await page.locator('main').textContent()).includes(evil));
    await page.locator('svg.plot').first().hover();
    assert.is(await page.title(), 'Kept');
    await page.context().close();
  }
  assert.equal(complaints, []);
});

test('the one picture is one that a browser reads, by itself and in a page', async () => {
  const svg = reportSvg(run);
  const page = await open(`<img src="data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}">`);
  assert.is(await page.evaluate(() => document.images[0].naturalWidth), 960);
  await page.context().close();
});

test('the pictures of the documentation', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await open(reportHtml(run), { colorScheme, viewport: { width: 1080, height: 1000 } });
    await shot(`report-${colorScheme}`, page);
    const compared = await open(comparison(), { colorScheme, viewport: { width: 1080, height: 1000 } });
    await shot(`compare-${colorScheme}`, compared);
    for (const { context } of [page, compared].map((p) => ({ context: p.context() }))) await context.close();
  }
});

test.run();

/** Runs the tests above; `screenshotFolder` for the pictures. */
export async function runReport(screenshotFolder?: string) {
  if (screenshotFolder) {
    screenshots = screenshotFolder;
    mkdirSync(screenshots, { recursive: true });
  }
  const results = await runSuites();
  console.log(showResults('browser/report', results));
  return { passed: results.passed, failed: results.failures.length, skipped: results.skipped.length };
}
