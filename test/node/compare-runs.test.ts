import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import pngjs from 'pngjs';
import * as assert from 'uvu/assert';
import { compareRuns } from '../../src/node/index.js';
import { encodePng, metricsCsv, writeRunFacts } from '../../src/report/index.js';
import { drawnHistory } from '../support/drawn-run.js';
import { seeded } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('node/compare-runs');
let folder = '';
test.before(() => {
  folder = mkdtempSync(`${tmpdir()}/wgrad-compare-`);
  for (const [name, lr] of [
    ['one/a', 0.1],
    ['one/b', 0.2],
    ['two/a', 0.1],
  ] as const) {
    mkdirSync(`${folder}/${name}`, { recursive: true });
    writeFileSync(`${folder}/${name}/metrics.csv`, metricsCsv(drawnHistory(4, { rate: lr })));
    writeFileSync(`${folder}/${name}/run.json`, writeRunFacts({ title: 'pictures', configuration: { lr } }));
  }
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

const names = (html: string) =>
  [...html.matchAll(/<label class="c\d"><input[^>]*><span><b>([^<]*)/g)].map(([, name]) => name);

test('runs are called as their folders, by the whole path where two have one name', () => {
  const html = compareRuns([`${folder}/one/a`, `${folder}/one/b/`]);
  assert.equal(names(html), ['a', 'b']);
  assert.match(html, /<th scope="row">lr<\/th><td[^>]*>0\.1<\/td><td[^>]*>0\.2<\/td>/);
  const twins = [`${folder}/one/a`, `${folder}/two/a`];
  assert.equal(names(compareRuns(twins)), twins);
});

test('a run without facts is its figures; one without figures, or with others, is named', () => {
  rmSync(`${folder}/two/a/run.json`);
  assert.match(compareRuns([`${folder}/two/a`]), /<h1>a<\/h1>/);
  writeFileSync(`${folder}/two/a/run.json`, '{');
  assert.throws(() => compareRuns([`${folder}/two/a`]), /two\/a\/run\.json: is not JSON/);
  assert.throws(
    () => compareRuns([`${folder}/one/a`, `${folder}/none`]),
    /none\/metrics\.csv: cannot be read \(there is no such file or folder/,
  );
  assert.throws(() => compareRuns([]), /compareRuns: takes a list of run folders, got/);
});

test('encodePng is read back by pngjs, pixel for pixel', () => {
  for (const [width, height] of [
    [1, 1],
    [3, 2],
    [200, 150],
  ]) {
    const pixels = Uint8Array.from(seeded(4 * width * height, width), (v) => Math.floor(128 * (v + 1)));
    const read = pngjs.PNG.sync.read(Buffer.from(encodePng(width, height, pixels)));
    assert.equal([read.width, read.height, Buffer.compare(read.data, pixels)], [width, height, 0]);
  }
  assert.throws(() => encodePng(2, 2, new Uint8Array(15)), /encodePng: 2 x 2 pixels are 16 bytes, got 15/);
});

test.run();
