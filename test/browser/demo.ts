// The page of web/ as a person uses it, in Chromium: trains, pauses, predicts, saves, loads, and what it says when it cannot.
// `npm run test:browser -- page`; with `--screenshots FOLDER` it leaves the pictures that docs/ shows.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { BrowserContextOptions, Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { showResults } from '../support/report.js';
import { deferSuites, runSuites, suite } from '../support/suite.js';
import { CLASSES, drawn, MINUTE, root, Site, saveNetwork, says as saysOn } from './site.js';

let site: Site;
let page: Page;
let screenshots = '';

const openReady = (options?: BrowserContextOptions) => site.openReady(options);
const text = (selector: string) => page.locator(selector).textContent().then(String);
const number = async (selector: string) => Number.parseFloat(await text(selector));
const says = (words: string, timeout = MINUTE) => saysOn(page, words, { timeout });

async function shot(name: string, of: Page = page, whole = false): Promise<void> {
  if (screenshots) await of.screenshot({ path: `${screenshots}/${name}.png`, fullPage: whole });
}

deferSuites(); // the tests below wait for `runPage`
const test = suite('browser/page');

test.before(async () => {
  site = await Site.start();
  page = await openReady({ acceptDownloads: true });
});
test.after(() => site?.close());

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

test('the trained network is there when it is chosen, and names a picture without any training', async () => {
  const before = await page.locator('#networks label:has(:checked)').textContent();
  await page.getByText('Trained', { exact: true }).click();
  await says('A network for cat, dog. Try it, or train it on pictures of your own.');
  await page.setInputFiles('#try-file', `${site.folder}/discs/all/red/5.png`);
  await page
    .locator('#predictions li')
    .first()
    .filter({ hasText: /cat|dog/ })
    .waitFor();
  await page.click('#forget');
  await says('Forgotten');
  await page.getByText(String(before), { exact: true }).click();
});

test('what is missing is said, and what is wrong', async () => {
  await page.getByText('My own').click();
  await page.click('#train');
  await says('Two classes or more are needed');
  writeFileSync(`${site.folder}/broken.safetensors`, 'nothing of the kind');
  await page.setInputFiles('#load', `${site.folder}/broken.safetensors`);
  await says('broken.safetensors: not a safetensors file');
  await page.setInputFiles('#try-file', `${site.folder}/broken.safetensors`);
  await says('broken.safetensors is not a picture');
});

test('three classes in a folder: the loss falls, new pictures are named rightly', async () => {
  await page.setInputFiles('#choose-folder', `${site.folder}/discs`);
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
  assert.ok((await number('#figure-val_accuracy')) >= 75);
});

test('a picture: its class first, and what each layer makes of it', async () => {
  await page.setInputFiles('#try-file', `${site.folder}/discs/all/green/3.png`);
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
  await page.setInputFiles('#try-file', `${site.folder}/discs/all/red/5.png`);
  await page.locator('#predictions li').first().filter({ hasText: 'red' }).waitFor();
  const before = await page.locator('#predictions li').allInnerTexts();
  const file = `${site.folder}/network.safetensors`;
  await saveNetwork(page, file);
  await page.click('#forget');
  await says('Forgotten');
  await page.reload();
  await page.waitForSelector('#app:not([hidden])');
  await page.setInputFiles('#load', file);
  await says('Loaded: a network for blue, green, red');
  await page.setInputFiles('#try-file', `${site.folder}/discs/all/red/5.png`);
  await page.waitForSelector('#predictions li');
  assert.equal(await page.locator('#predictions li').allInnerTexts(), before);
  const program = `${root}build/examples/dogcat.js`;
  const args = [program, 'predict', `${site.folder}/discs/all/red/5.png`, '--run', file];
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
  const chromium = await site.browser.newBrowserCDPSession();
  await chromium.send('Browser.crashGpuProcess');
  await lost.waitForSelector('#gpu-lost:not([hidden])');
  await shot('gpu-lost', lost);
  await lost.click('#start-again');
  await lost.waitForSelector('#app:not([hidden])');
  await lost.context().close();
});

test('without WebGPU it says where to find it', async () => {
  const without = await site.open({}, () => delete (Navigator.prototype as { gpu?: unknown }).gpu);
  await without.waitForSelector('#no-gpu:not([hidden])');
  assert.is(await without.locator('#app').isVisible(), false);
  await shot('no-webgpu', without);
  await without.context().close();
});

test('nothing was complained about, and nobody else was called', () => {
  assert.equal(site.complaints, []);
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
