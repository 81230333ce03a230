// What the page of web/ keeps: a run goes on after a reload and in a new tab, to the same bits; and what it says when it cannot.
// `npm run test:browser -- kept`; `-- page` runs it, too.
import { readFileSync } from 'node:fs';
import type { BrowserContext, Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { showResults } from '../support/report.js';
import { deferSuites, runSuites, suite } from '../support/suite.js';
import { drawn, MINUTE, Site, saveNetwork, says } from './site.js';

/** Pictures of an epoch of the discs: three batches of 16. */
const EPOCH = 48;
/** A run has to last so long that it is kept several times. */
const SECONDS = 15;
const IN_AN_EPOCH = /epoch \d+ of \d+, picture (16|32) of 48; /;

let site: Site;
let context: BrowserContext;
let page: Page;
let epochs = 0;

const text = (selector: string) => page.locator(selector).textContent().then(String);

async function anew(): Promise<void> {
  await page.reload();
  await page.waitForSelector('#app:not([hidden])');
}

async function chooseDiscs(): Promise<void> {
  await page.getByText('My own').click();
  await page.setInputFiles('#choose-folder', `${site.folder}/discs`);
}

async function train(): Promise<void> {
  await page.locator('#epochs').fill(String(epochs));
  await page.click('#train');
}

/** Waits until the run has been kept, since the page was loaded and after `before` was said; what it says. */
async function kept(before = ''): Promise<string> {
  const fresh = (was: string) => {
    const now = document.getElementById('kept')!.textContent;
    return /; [\d.]+ MB\.$/.test(now) && now !== was && now;
  };
  const said = await page.waitForFunction(fresh, before, { timeout: 3 * MINUTE });
  return String(await said.jsonValue());
}

/** The run came to its end before it was where a test wants it: the machine has become faster since the rate was looked at. */
class RanOut extends Error {}

/** Pauses the run. @throws RanOut if there is none any more. */
async function pause(): Promise<void> {
  const running = () => {
    const said = document.getElementById('status')!.textContent;
    return document.querySelector<HTMLButtonElement>('#pause')!.disabled ? /rained/.test(said) && 'ended' : 'running';
  };
  if ((await (await page.waitForFunction(running)).jsonValue()) === 'ended') throw new RanOut();
  await page.evaluate(() => document.getElementById('pause')!.click()); // at once: a disabled button ignores it
  await says(page, /Paused|rained/);
  if ((await text('#pause')) !== 'Go on') throw new RanOut();
}

/** Waits until the run has been kept in the middle of an epoch. Going on anew brings the next time nearer. */
async function keptInAnEpoch(): Promise<void> {
  let said = await kept();
  while (!IN_AN_EPOCH.test(said)) {
    await pause();
    const paused = await text('#kept');
    await page.click('#pause');
    said = await kept(paused);
  }
}

/** Takes the kept run's pictures away, cuts its end off, or makes it one of a later version. */
const spoil = (how: 'pictures' | 'cut' | 'newer') =>
  page.evaluate(async (what) => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('kept');
    if (what === 'pictures') {
      for await (const name of folder.keys()) if (name.startsWith(what)) await folder.removeEntry(name);
      return;
    }
    const file = await folder.getFileHandle('run.safetensors');
    const bytes = new Uint8Array(await (await file.getFile()).arrayBuffer());
    const version = 'wgrad checkpoint ';
    const at = new TextDecoder('latin1').decode(bytes).indexOf(version) + version.length;
    bytes[at] = '9'.charCodeAt(0);
    const writer = await file.createWritable();
    await writer.write(what === 'cut' ? bytes.subarray(0, bytes.length - 1000) : bytes);
    await writer.close();
  }, how);

const keptFiles = () =>
  page.evaluate(async () => {
    const names: string[] = [];
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('kept');
    for await (const name of folder.keys()) names.push(name);
    return names.map((name) => name.replace(/-[-\da-f]+/, '')).sort();
  });

deferSuites(); // the tests below wait for `runKept`
const test = suite('browser/kept');

test.before(async () => {
  site = await Site.start();
  context = await site.context({ acceptDownloads: true });
  page = await site.openReady(context);
});
test.after(() => site?.close());

test('it says that runs are kept', async () => {
  assert.match(await text('#kept'), /^What is trained stays in this browser/);
  await chooseDiscs();
  epochs = 9999;
  await train();
  await page.waitForFunction(() => Number(document.getElementById('figure-rate')!.textContent) > 0);
  await keptInAnEpoch();
  const rate = Number(await text('#figure-rate'));
  epochs = Math.max(14, Math.ceil((rate * SECONDS) / EPOCH));
  await page.click('#pause');
  await says(page, 'Paused');
  assert.equal(await keptFiles(), ['pictures.safetensors', 'run.safetensors']);
  await page.click('#forget');
  await says(page, 'Forgotten');
  assert.equal(await keptFiles(), []);
});

test('loaded anew in the middle of an epoch, paused, and in another tab: the weights at the end are the same bits', async () => {
  for (; ; epochs *= 2) {
    await train();
    await says(page, 'Trained', { timeout: 7 * MINUTE });
    await saveNetwork(page, `${site.folder}/whole.safetensors`);
    await page.click('#forget');
    try {
      await trainInParts();
      break;
    } catch (error) {
      if (!(error instanceof RanOut)) throw error;
      await page.click('#forget');
    }
  }
  await saveNetwork(page, `${site.folder}/in-parts.safetensors`);

  const [whole, inParts] = ['whole', 'in-parts'].map((name) => readFileSync(`${site.folder}/${name}.safetensors`));
  assert.ok(whole.length > 100_000);
  assert.ok(whole.equals(inParts), 'the files are the same, byte for byte');
});

/** Reloaded in the middle of an epoch, closed and opened in a new tab, paused and reloaded, to the end. */
async function trainInParts(): Promise<void> {
  await train();
  await keptInAnEpoch();
  await anew();
  await says(page, `of ${epochs}`);
  assert.match(await text('#kept'), /^Kept in this browser: epoch \d+ of/);
  assert.is(await page.locator('#epochs').inputValue(), String(epochs));
  assert.is(await page.locator('input[value=files]').isChecked(), true);
  assert.match(await text('#classes-note'), /^60 pictures of blue, green, red, kept from before/);

  await kept();
  await page.close();
  page = await site.openReady(context);
  await says(page, /Going on at epoch|Epoch \d+ of|Looking at|rained/);
  await pause();
  await anew();
  await says(page, new RegExp(`Paused at epoch \\d+ of ${epochs}, picture \\d+ of 48, as it was kept`));
  await drawn(page, '#filters');
  await page.click('#pause');
  await says(page, 'Trained', { timeout: 7 * MINUTE });
}

test('a trained network is there after a reload, and names pictures', async () => {
  await anew();
  await says(page, `A network for blue, green, red, kept from before: trained for ${epochs} epochs`);
  await page.setInputFiles('#try-file', `${site.folder}/discs/all/green/3.png`);
  await page.locator('#predictions li').first().filter({ hasText: 'green' }).waitFor();
  assert.match(await text('#figure-val_accuracy'), /%/);
});

test('a second tab says that it keeps nothing, and leaves the first one’s run alone', async () => {
  const second = await site.openReady(context);
  await says(second, 'Another tab has this page open', { where: '#kept' });
  assert.is(await second.locator('#forget').isDisabled(), true);
  await second.close();
});

test('a full disk costs the keeping and not the training', async () => {
  const chromium = await context.newCDPSession(page);
  const quota = (quotaSize?: number) =>
    chromium.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.server.url).origin, quotaSize });
  await quota(1000);
  epochs *= 4;
  await train();
  await says(page, 'Not kept: the browser has no room for', { where: '#kept', timeout: 3 * MINUTE });
  await says(page, 'Epoch');
  await quota();
  await keptInAnEpoch();
  await page.click('#pause');
  await says(page, 'Paused');
});

test('a lost GPU: started again, the run waits where it was kept', async () => {
  await page.click('#pause');
  await says(page, 'Epoch');
  await keptInAnEpoch();
  const chromium = await site.browser.newBrowserCDPSession();
  await chromium.send('Browser.crashGpuProcess');
  await page.waitForSelector('#gpu-lost:not([hidden])');
  await page.click('#start-again');
  await says(page, /Paused at epoch \d+ of/);
  assert.is(await text('#pause'), 'Go on');
});

test('a save that was cut off leaves what was kept before', async () => {
  const before = await text('#kept');
  await page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('kept');
    const writer = await (await folder.getFileHandle('run.safetensors')).createWritable();
    await writer.write('half of something');
  });
  await anew();
  await says(page, 'Going on at epoch');
  assert.is(await text('#kept'), before);
  await page.click('#pause');
  await says(page, 'Paused');
});

test('without its pictures the network is there, and says why its training cannot go on', async () => {
  await spoil('pictures');
  await anew();
  await says(
    page,
    'A network for blue, green, red, kept from before. Its training cannot go on: its pictures are gone.',
  );
  await page.setInputFiles('#try-file', `${site.folder}/discs/all/green/3.png`);
  await page.waitForSelector('#predictions li');
  await page.click('#train');
  await says(page, 'Two classes or more are needed');
});

test('a damaged run, and one of another version, are named and forgotten', async () => {
  await spoil('newer');
  await anew();
  await says(page, 'the kept run: written by a newer version of this library');
  await spoil('cut');
  await anew();
  await says(page, 'the kept run: ');
  assert.match(await text('#status'), /^the kept run: .+\. “Forget” removes it; the next training takes its place\.$/);
  await page.click('#forget');
  await says(page, 'Forgotten');
  await anew();
  assert.is(await text('#status'), 'Ready.');
});

test('where the browser keeps no files, it says so and trains', async () => {
  const without = await site.context();
  await without.route(/worker.*\.js/, async (route) => {
    const response = await route.fetch();
    const refuse = 'delete StorageManager.prototype.getDirectory;'; // as some private windows are
    await route.fulfill({ response, body: `${refuse}${await response.text()}` });
  });
  const opened = await site.openReady(without);
  await says(opened, 'This window keeps no files', { where: '#kept' });
  await opened.click('#train');
  await says(opened, 'Epoch', { timeout: 3 * MINUTE });
  await without.close();
});

test('nothing was complained about', () => {
  assert.equal(site.complaints, []);
});

test.run();

/** Runs the tests above. */
export async function runKept() {
  const results = await runSuites((name) => process.env.CI || console.log(`      ${name}`));
  console.log(showResults('browser/kept', results));
  return { passed: results.passed, failed: results.failures.length, skipped: results.skipped.length };
}
