// The tuner's choices are used, kept in a file by adapter, and forgotten.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { alexnet, features, manualSeed } from '../../src/index.js';
import { forgetTuned, tunedChoices } from '../../src/kernels/tuned.js';
import { tune } from '../../src/train/index.js';
import { useDevice } from '../support/device.js';
import { Skip, suite } from '../support/suite.js';

const test = suite('node/tuned-file');
test.before(useDevice);

test('the tuner measures, its choice is used and kept, and the model is as before', async () => {
  if (!features().has('timestamp-query')) throw new Skip('the device has no timestamps');
  const cache = mkdtempSync(join(tmpdir(), 'wgrad-tuning-'));
  const before = process.env.WGRAD_CACHE;
  process.env.WGRAD_CACHE = cache;
  try {
    manualSeed(1);
    const model = alexnet({ variant: 'dogcat', width: 0.05, imageSize: 67, numClasses: 3 });
    const state = async () => Promise.all(Object.values(model.stateDict()).map((t) => t.data()));
    const held = await state();
    const results = await tune(model, [2, 3, 67, 67], { candidates: 2 });
    assert.equal(await state(), held);
    assert.ok(results.length > 10, `${results.length} products`);
    for (const { product, chosen, ms } of results) {
      assert.is(ms[chosen], Math.min(...Object.values(ms)));
      assert.is(tunedChoices().get(product), chosen);
    }
    const [folder] = readdirSync(cache);
    const [file] = readdirSync(join(cache, folder));
    assert.equal(JSON.parse(readFileSync(join(cache, folder, file), 'utf8')), Object.fromEntries(tunedChoices()));
    model.dispose();
  } finally {
    forgetTuned();
    if (before === undefined) delete process.env.WGRAD_CACHE;
    else process.env.WGRAD_CACHE = before;
    rmSync(cache, { recursive: true });
  }
});

test.run();
