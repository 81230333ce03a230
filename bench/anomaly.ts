// What detectAnomaly costs, switched off and on: node scripts/run.mjs bench/anomaly.ts [--steps 60]. Off, all that is left
// of it is a test of a variable at each place that it could look at: far below what a clock can see in a step. So those
// places are counted, and one of them is timed by itself. On, whole steps are timed in turn with and without.
import { parseArgs } from 'node:util';
import { useWatch, type Watch, wrote } from '../src/autograd/tape.js';
import {
  alexnet,
  crossEntropy,
  deviceInfo,
  init,
  SGD,
  scope,
  setDetectAnomaly,
  sync,
  type Tensor,
  tensor,
} from '../src/index.js';
import { numbers } from './case.js';
import { summarize } from './measure.js';

const { values } = parseArgs({ options: { steps: { type: 'string' } } });
const steps = Number(values.steps ?? 60);
const BATCH = 32;
const SIDE = 115;
const CALLS = 1e7;

await init();
const model = alexnet({ variant: 'dogcat', width: 0.25, imageSize: SIDE });
const rule = new SGD(model.parameters(), { lr: 1e-3, momentum: 0.9 });
const images = numbers(BATCH * 3 * SIDE * SIDE, 1);
const labels = Int32Array.from({ length: BATCH }, (_, i) => i % 2);

/** Milliseconds of a step, the device included. */
async function step(): Promise<number> {
  const start = performance.now();
  const read = scope(() => {
    const x = tensor(images, { shape: [BATCH, 3, SIDE, SIDE] });
    const loss = crossEntropy(model.forward(x), tensor(labels));
    rule.zeroGrad();
    loss.backward();
    rule.step();
    return loss.item();
  });
  await read;
  await sync();
  return performance.now() - start;
}

/** How often a step comes by a place that is looked at when the search is on. */
async function countPlaces(): Promise<number> {
  let places = 0;
  const count = () => void places++;
  const counting: Watch = {
    ...{ forward: count, backward: count, added: count, upstream: count, updated: count },
    within(gradient) {
      places++;
      return gradient();
    },
  };
  useWatch(counting);
  await step();
  useWatch(undefined);
  return places;
}

/** Nanoseconds of one such place while nothing looks, the loop around it included. */
function priceOfOne(param: Tensor): number {
  const round = () => {
    const start = performance.now();
    for (let i = 0; i < CALLS; i++) wrote('SGD', param, i);
    return ((performance.now() - start) / CALLS) * 1e6;
  };
  round(); // compiled
  return summarize(Array.from({ length: 7 }, round)).ms;
}

for (let i = 0; i < 3; i++) await step();
const places = await countPlaces();
const nanoseconds = priceOfOne(model.parameters()[0]);
const times: Record<'off' | 'on', number[]> = { off: [], on: [] };
for (let i = 0; i < steps; i++) {
  for (const state of i % 2 === 0 ? (['off', 'on'] as const) : (['on', 'off'] as const)) {
    setDetectAnomaly(state === 'on');
    const ms = await step();
    if (i > 0) times[state].push(ms); // the first compiles
  }
}
setDetectAnomaly(false);
const [off, on] = [summarize(times.off), summarize(times.on)];
const share = (places * nanoseconds) / 1e6 / off.ms;
console.log(
  `${deviceInfo().description}: a training step of AlexNet (dogcat, width 0.25, ${SIDE} x ${SIDE}, batch ${BATCH})`,
);
console.log(
  `off: ${off.ms.toFixed(1)} ms; ${places} places at ${nanoseconds.toFixed(1)} ns are ${(100 * share).toFixed(5)} % of it`,
);
console.log(
  `on:  ${on.ms.toFixed(1)} ms, ${(on.ms / off.ms).toFixed(2)} times as long (medians of ${off.rounds} steps each, in turn)`,
);
