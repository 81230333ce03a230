// The tuner's choices are used, kept in a file by adapter, and forgotten; on GPUs a warmup makes some by itself.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { FAMILIES, type LaunchPolicy } from '../../src/device/families.js';
import { activity, alexnet, deviceInfo, features, manualSeed, profile } from '../../src/index.js';
import { forceVariant, preferredTiling } from '../../src/kernels/tile.js';
import { forgetTuned, tunedChoices } from '../../src/kernels/tuned.js';
import { tune, warmup } from '../../src/train/index.js';
import { mayTune, tuneBriefly } from '../../src/tuning/brief.js';
import { measure } from '../../src/tuning/measure.js';
import { useDevice } from '../support/device.js';
import { Skip, suite } from '../support/suite.js';

const test = suite('node/tuned-file');
test.before(useDevice);

/** Runs `body` with an empty folder for what is kept. */
async function withCache(body: (cache: string) => Promise<void>): Promise<void> {
  if (!features().has('timestamp-query')) throw new Skip('the device has no timestamps');
  const cache = mkdtempSync(join(tmpdir(), 'wgrad-tuning-'));
  const before = process.env.WGRAD_CACHE;
  process.env.WGRAD_CACHE = cache;
  try {
    await body(cache);
  } finally {
    forgetTuned();
    if (before === undefined) delete process.env.WGRAD_CACHE;
    else process.env.WGRAD_CACHE = before;
    rmSync(cache, { recursive: true });
  }
}

/** What the cache has for the one adapter. */
function keptIn(cache: string): Record<string, string> {
  const [folder] = readdirSync(cache);
  const [file] = readdirSync(join(cache, folder));
  return JSON.parse(readFileSync(join(cache, folder, file), 'utf8'));
}

/** Runs `body` as if the adapter's family tuned by itself, as GPUs do. */
async function asGpu(body: () => Promise<void>): Promise<void> {
  const family = FAMILIES[deviceInfo().family] as { policy: LaunchPolicy };
  const { policy } = family;
  family.policy = { ...policy, tunes: true };
  try {
    await body();
  } finally {
    family.policy = policy;
  }
}

const small = () => alexnet({ variant: 'dogcat', width: 0.05, imageSize: 67, numClasses: 3 });
const SHAPE = [2, 3, 67, 67];

test('the tuner measures, its choice is used and kept, and the model is as before', () =>
  withCache(async (cache) => {
    manualSeed(1);
    const model = small();
    const state = async () => Promise.all(Object.values(model.stateDict()).map((t) => t.data()));
    const held = await state();
    const results = await tune(model, SHAPE, { candidates: 2 });
    assert.equal(await state(), held);
    assert.ok(results.length > 10, `${results.length} products`);
    for (const { product, chosen, ms } of results) {
      assert.is(ms[chosen], Math.min(...Object.values(ms)));
      assert.is(tunedChoices().get(product), chosen);
    }
    assert.equal(keptIn(cache), Object.fromEntries(tunedChoices()));
    model.dispose();
  }));

/** How many launches `body` makes. */
async function launchesOf(body: () => Promise<void>): Promise<number> {
  const { dispatches } = activity();
  await body();
  return activity().dispatches - dispatches;
}

test('on a GPU a warmup measures what no tuner has seen, once, and keeps it', () =>
  withCache((cache) =>
    asGpu(async () => {
      forgetTuned();
      const model = small();
      await warmup(model, SHAPE);
      const kept = keptIn(cache);
      assert.equal(kept, Object.fromEntries(tunedChoices()));
      assert.ok(Object.keys(kept).length > 10, `${Object.keys(kept).length} products`);
      assert.ok(Object.values(kept).every((tiling) => /^\w+ \d+x\d+/.test(tiling)));
      const again = await launchesOf(() => warmup(model, SHAPE));
      assert.equal(keptIn(cache), kept);

      forgetTuned(); // and measured again, unless a profile is under way
      assert.ok((await launchesOf(() => warmup(model, SHAPE))) > again + 3 * Object.keys(kept).length);
      forgetTuned();
      await profile(() => warmup(model, SHAPE));
      assert.is(tunedChoices().size, 0);
      model.dispose();
    }),
  ));

test('what there was no time for keeps its estimate, so that a resumed run has the same kernels', () =>
  withCache(async () => {
    forgetTuned();
    const model = small();
    const estimates = new Map(
      (await measure(model, [SHAPE], preferredTiling)).map(({ product, tiling }) => [product, tiling]),
    );
    await tuneBriefly(model, [SHAPE], estimates.keys(), { milliseconds: 0 });
    assert.equal([...tunedChoices()].sort(), [...estimates].sort());
    model.dispose();
  }));

test('only GPUs tune by themselves, and not where tuning is off or a variant forced', async () => {
  assert.is(mayTune(), !deviceInfo().software && features().has('timestamp-query'));
  await asGpu(async () => {
    assert.is(mayTune(), features().has('timestamp-query'));
    forceVariant('tiled');
    assert.is(mayTune(), false);
    forceVariant(null);
    const before = process.env.WGRAD_TUNING;
    process.env.WGRAD_TUNING = 'off';
    assert.is(mayTune(), false);
    if (before === undefined) delete process.env.WGRAD_TUNING;
    else process.env.WGRAD_TUNING = before;
  });
});

test.run();
