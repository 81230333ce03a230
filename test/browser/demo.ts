// The page of web/ as a person uses it, in Chromium: trains, pauses, predicts, saves, loads, and what it says when it cannot.
// `npm run test:browser -- page`; with `--screenshots FOLDER` it leaves the pictures that docs/ shows.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { build } from 'vite';
import { makePng } from '../node/made-images.js';
import { openChromium, type Served, serve } from '../support/chromium.js';
import { FILE_SECONDS } from '../support/limits.js';
import { showResults } from '../support/report.js';
import { deferSuites, runSuites, suite } from '../support/suite.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const MINUTE = 250 * FILE_SECONDS; // in milliseconds, unless WGRAD_TEST_SECONDS says otherwise
const CLASSES = { blue: [40, 60, 220], green: [40, 200, 60], red: [220, 50, 40] };
const EACH = 20;

let server: Served;
let browser: Browser;
let page: Page;
let folder = '';
let screenshots = '';
const complaints: string[] = [];

/** A page in a window of its own; what it complains about and where it calls are noted. */
async function open(options: BrowserContextOptions = {}, without?: () => void): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const opened = await context.newPage();
  opened.setDefaultTimeout(MINUTE);
  opened.on('pageerror', (error) => complaints.push(error.message));
  opened.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  opened.on('request', (request) => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(server.url)) complaints.push(request.url());
  });
  if (without) await opened.addInitScript(without);
  await opened.goto(server.url);
  return opened;
}

async function openReady(options?: BrowserContextOptions): Promise<Page> {
  const opened = await open(options);
  await opened.waitForSelector('#app:not([hidden])');
  await drawn(opened, '#examples');
  return opened;
}

const text = (selector: string) => page.locator(selector).textContent().then(String);
const number = async (selector: string) => Number.parseFloat(await text(selector));
const says = (words: string, timeout = MINUTE) =>
  page.locator('#status').filter({ hasText: words }).waitFor({ timeout });

/** Waits until a canvas shows more than one colour. */
const drawn = (on: Page, selector: string) =>
  on.waitForFunction((where) => {
    const canvas = document.querySelector<HTMLCanvasElement>(where)!;
    const pixels = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels.some((value, i) => value !== pixels[i % 4]);
  }, selector);

async function shot(name: string, of: Page = page, whole = false): Promise<void> {
  if (screenshots) await of.screenshot({ path: `${screenshots}/${name}.png`, fullPage: whole });
}

/** Discs of a colour on grey: a folder for each class, in one that only wraps them, which a network of any size tells apart in a minute. */
function makePictures(): void {
  for (const [name, colour] of Object.entries(CLASSES)) {
    mkdirSync(`${folder}/discs/all/${name}`, { recursive: true });
    for (let i = 0; i < EACH; i++) {
      const [cx, cy, radius] = [30 + ((i * 7) % 21), 30 + ((i * 11) % 21), 14 + (i % 9)];
      const picture = makePng(80, 80, (x, y) => {
        const grey = 90 + ((x * 13 + y * 7 + i * 31) % 60);
        return Math.hypot(x - cx, y - cy) < radius ? (colour as [number, number, number]) : [grey, grey, grey];
      });
      writeFileSync(`${folder}/discs/all/${name}/${i}.png`, picture);
    }
  }
  writeFileSync(`${folder}/discs/all/red/20.heic`, 'a kind that browsers do not read');
}

deferSuites(); // the tests below wait for `runPage`
const test = suite('browser/page');

test.before(async () => {
  folder = mkdtempSync(`${tmpdir()}/wgrad-page-`);
  makePictures();
  await build({ configFile: `${root}web/vite.config.ts`, logLevel: 'warn', build: { outDir: `${folder}/site` } });
  server = await serve({ '/': `${folder}/site` });
  browser = await openChromium('--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream');
  page = await openReady({ acceptDownloads: true });
});
test.after(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('it opens with the adapter named and its own pictures shown, and lets nothing else in', async () => {
  const policy = page.locator('meta[http-equiv=Content-Security-Policy]');
  assert.match(String(await policy.getAttribute('content')), /^default-src 'none'; script-src 'self';/);
  assert.match(await text('#adapter'), /\w+/);
  assert.is(await page.locator('#train').isEnabled(), true);
  assert.is(await page.locator('#pause').isDisabled(), true);
  await shot('start');
});

test('the keyboard reaches everything in the order in which it is read', async () => {
  const order = ['source', 'network', 'epochs', 'train', 'load', 'try-file', 'try-camera', 'try-drawn'];
  const met: string[] = [];
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  for (let i = 0; i < order.length; i++) {
    await page.keyboard.press('Tab');
    met.push(
      await page.evaluate(() => (document.activeElement as HTMLInputElement).name || document.activeElement!.id),
    );
  }
  assert.equal(met, order);
});

test('drawn pictures: it trains, pauses, goes on, and names a picture meanwhile', async () => {
  await page.click('#try-drawn');
  await page.locator('#epochs').fill(screenshots ? '8' : '9999'); // whatever the adapter, it is at it when it is paused
  await page.locator('#train').press('Enter');
  await says('Epoch', 3 * MINUTE);
  await page.waitForSelector('#predictions li');
  assert.ok((await number('#figure-rate')) > 0);
  assert.ok((await number('#figure-memory')) > 0);
  await drawn(page, '#filters');
  await page.click('#pause');
  await says('Paused');
  const before = await text('#figure-loss');
  await page.click('#pause');
  await says('Epoch');
  if (screenshots)
    await page.waitForFunction(() => /^Epoch [78]/.test(document.getElementById('status')!.textContent), undefined, {
      timeout: 9 * MINUTE,
    });
  await page.waitForFunction((was) => document.getElementById('figure-loss')?.textContent !== was, before);
  await shot('training', page, true);
  if (screenshots) await page.locator('#filters').screenshot({ path: `${screenshots}/filters.png` });
  await page.click('#pause');
  await says('Paused');
  await page.click('#forget');
  await says('Forgotten');
});

test('what is missing is said, and what is wrong', async () => {
  await page.getByText('My own').click();
  await page.click('#train');
  await says('Two classes or more are needed');
  writeFileSync(`${folder}/broken.safetensors`, 'nothing of the kind');
  await page.setInputFiles('#load', `${folder}/broken.safetensors`);
  await says('broken.safetensors: not a safetensors file');
  await page.setInputFiles('#try-file', `${folder}/broken.safetensors`);
  await says('broken.safetensors is not a picture');
});

test('three classes in a folder: the loss falls, new pictures are named rightly', async () => {
  await page.setInputFiles('#choose-folder', `${folder}/discs`);
  assert.equal(
    await page.locator('#classes input[type=text]').evaluateAll((all) => all.map((i) => (i as HTMLInputElement).value)),
    Object.keys(CLASSES),
  );
  assert.is(
    await text('#classes-note'),
    '60 pictures, ready. Left out: 1 that browsers do not read, such as discs/all/red/20.heic.',
  );
  await page.locator('#epochs').fill('14');
  await page.click('#train');
  await says('Trained', 7 * MINUTE);
  const loss = await number('#figure-loss');
  assert.ok(loss < Math.log(3) / 2, `a loss of ${loss}; guessing has ${Math.log(3).toFixed(3)}`);
  assert.ok((await number('#figure-validation')) >= 75);
});

test('a picture: its class first, and what each layer makes of it', async () => {
  await page.setInputFiles('#try-file', `${folder}/discs/all/green/3.png`);
  await page.locator('#predictions li').first().filter({ hasText: 'green' }).waitFor();
  await drawn(page, '#maps');
  await page.locator('#layers').getByText('conv3').click();
  assert.match(await text('#maps-note'), /^conv3: \d+ maps/);
  await shot('prediction', page, true);
});

test('the camera', async () => {
  await page.click('#try-camera');
  await page.waitForSelector('#camera:not([hidden])');
  await page.waitForSelector('#predictions li');
  await page.click('#try-camera');
  await page.waitForSelector('#camera', { state: 'hidden' });
});

test('a saved network names a picture the same after the page was loaded anew, and in Node', async () => {
  await page.setInputFiles('#try-file', `${folder}/discs/all/red/5.png`);
  await page.locator('#predictions li').first().filter({ hasText: 'red' }).waitFor();
  const before = await page.locator('#predictions li').allInnerTexts();
  const download = page.waitForEvent('download');
  await page.click('#save');
  const file = `${folder}/network.safetensors`;
  await (await download).saveAs(file);
  await page.reload();
  await page.waitForSelector('#app:not([hidden])');
  await page.setInputFiles('#load', file);
  await says('Loaded: a network for blue, green, red');
  await page.setInputFiles('#try-file', `${folder}/discs/all/red/5.png`);
  await page.waitForSelector('#predictions li');
  assert.equal(await page.locator('#predictions li').allInnerTexts(), before);
  const program = `${root}build/examples/dogcat.js`;
  const args = [program, 'predict', `${folder}/discs/all/red/5.png`, '--run', file];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.is(status, 0, stderr);
  assert.match(stdout, /red/);
});

test('dark, and on a small screen', async () => {
  const dark = await openReady({ colorScheme: 'dark' });
  await dark.click('#try-drawn');
  await shot('dark', dark);
  await dark.context().close();
  const small = await openReady({ viewport: { width: 390, height: 844 } });
  const wider = await small.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.is(wider, false, 'nothing sticks out to the right');
  await shot('small', small, true);
  await small.context().close();
});

test('a lost GPU is told, with a way to start again', async () => {
  const lost = await openReady();
  const chromium = await browser.newBrowserCDPSession();
  await chromium.send('Browser.crashGpuProcess');
  await lost.waitForSelector('#gpu-lost:not([hidden])');
  await shot('gpu-lost', lost);
  await lost.click('#start-again');
  await lost.waitForSelector('#app:not([hidden])');
  await lost.context().close();
});

test('without WebGPU it says where to find it', async () => {
  const without = await open({}, () => delete (Navigator.prototype as { gpu?: unknown }).gpu);
  await without.waitForSelector('#no-gpu:not([hidden])');
  assert.is(await without.locator('#app').isVisible(), false);
  await shot('no-webgpu', without);
  await without.context().close();
});

test('nothing was complained about, and nobody else was called', () => {
  assert.equal(complaints, []);
});

test.run();

/** Runs the tests above; with a folder, screenshots are left there. */
export async function runPage(screenshotFolder?: string) {
  if (screenshotFolder) {
    screenshots = screenshotFolder;
    mkdirSync(screenshots, { recursive: true });
  }
  const results = await runSuites((name) => process.env.CI || console.log(`      ${name}`));
  console.log(showResults('browser/page', results));
  return { passed: results.passed, failed: results.failures.length, skipped: results.skipped.length };
}
