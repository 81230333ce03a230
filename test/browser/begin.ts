// The page begins with the trained network and learns three other classes from 25 drawings of each, better than a network that begins anew.
// `npm run test:browser -- begin` runs it, and nothing else does: two trainings take a CPU ten minutes.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { drawnScenes } from '../../examples/support/drawings.js';
import { makePng } from '../node/made-images.js';
import { showResults } from '../support/report.js';
import { deferSuites, runSuites, suite } from '../support/suite.js';
import { MINUTE, root, Site, saveNetwork, says } from './site.js';

const CLASSES = ['cross', 'ell', 'ring'];
const SIDE = 136;
const EACH = 25;
const NEW = 60;

let site: Site;
let page: Page;

deferSuites(); // the tests below wait for `runBegin`
const test = suite('browser/begin');

test.before(async () => {
  site = await Site.start();
  saveDrawings(`${site.folder}/shapes`, EACH, 1);
  saveDrawings(`${site.folder}/others`, NEW, 2);
  page = await site.openReady({ acceptDownloads: true });
});
test.after(() => site?.close());

/** A folder of drawings for each class. */
function saveDrawings(folder: string, each: number, salt: number): void {
  const drawings = drawnScenes(CLASSES, each, salt, SIDE);
  for (let i = 0; i < drawings.length; i++) {
    const bytes = drawings.pixels(i);
    const paint = (x: number, y: number) =>
      [0, 1, 2].map((c) => bytes[(c * SIDE + y) * SIDE + x]) as [number, number, number];
    const name = CLASSES[drawings.label(i)];
    mkdirSync(`${folder}/${name}`, { recursive: true });
    writeFileSync(`${folder}/${name}/${i}.png`, makePng(SIDE, SIDE, paint));
  }
}

/** Of the network that is trained already: 40 steps, and as many of the other, whose batches are twice as large. */
const EPOCHS = 10;

/** Trains what is chosen for so many epochs; the share of new drawings that Node names rightly by the network that the page saves. */
async function trained(network: string, epochs: number): Promise<number> {
  const file = `${site.folder}/${network}.safetensors`;
  await page.locator('#epochs').fill(String(epochs));
  await page.click('#train');
  await says(page, /^Trained/, { timeout: 10 * MINUTE });
  await saveNetwork(page, file);
  let right = 0;
  for (const name of CLASSES) {
    const program = [`${root}build/examples/dogcat.js`, 'predict', `${site.folder}/others/${name}`, '--run', file];
    const { status, stdout, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8' });
    assert.is(status, 0, stderr);
    right += Number(new RegExp(`^of ${NEW}: .*?(\\d+) ${name}`, 'm').exec(stdout)![1]);
  }
  return right / (NEW * CLASSES.length);
}

test('chosen, it is there, and names a picture without any training', async () => {
  await page.getByText('Trained', { exact: true }).click();
  await says(page, 'A network for cat, dog. Try it, or train it on pictures of your own.');
  assert.is(await page.locator('#epochs').inputValue(), '30');
  await page.setInputFiles('#try-file', `${site.folder}/shapes/ring/2.png`);
  await page
    .locator('#predictions li')
    .first()
    .filter({ hasText: /cat|dog/ })
    .waitFor();
  await page.getByText('Small', { exact: true }).click();
  assert.is(await page.locator('#epochs').inputValue(), '8');
});

test('three other classes from 25 drawings of each: ten points better than from scratch, at least', async () => {
  await page.getByText('My own').click();
  await page.setInputFiles('#choose-folder', `${site.folder}/shapes`);
  await page.getByText('Trained', { exact: true }).click();
  const begun = await trained('trained', EPOCHS);
  await page.click('#forget');
  await says(page, 'Forgotten');
  await page.getByText('Quick', { exact: true }).click();
  const anew = await trained('anew', 2 * EPOCHS);
  console.log(
    `      of ${NEW * CLASSES.length} new drawings: ${percent(begun)} begun with the trained network, ${percent(anew)} anew`,
  );
  assert.ok(begun >= anew + 0.1, `${percent(begun)} and ${percent(anew)}`);
});

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

test('nothing was complained about, and nobody else was called', () => {
  assert.equal(site.complaints, []);
});

test.run();

/** Runs the tests above. */
export async function runBegin() {
  const results = await runSuites((name) => process.env.CI || console.log(`      ${name}`));
  console.log(showResults('browser/begin', results));
  return { passed: results.passed, failed: results.failures.length, skipped: results.skipped.length };
}
