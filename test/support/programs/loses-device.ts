// A program whose device is lost in the phase that it is told, for test/process.test.ts.
import { DeviceLostError, flush, init, neg, shutdown, sum, tensor } from '../../../src/index.js';
import { loseDevice } from '../faults.js';

const [, , phase] = process.argv;

const told = (read: Promise<unknown>) =>
  read.then(
    () => console.log('no error'),
    (error) => console.log(error instanceof DeviceLostError ? 'lost' : `${error}`),
  );

await init();
const x = tensor([1, 2, 3]);

const phases: Record<string, () => unknown> = {
  'while kernels compile': async () => {
    const read = told(sum(neg(x)).item());
    await Promise.resolve();
    loseDevice();
    await read;
  },
  'with a read in flight': async () => {
    const read = told(x.data());
    await Promise.resolve();
    loseDevice();
    await read;
  },
  'with work that nobody waits for': () => {
    neg(x);
    flush();
    loseDevice();
    console.log('lost');
  },
  'and opened again at once': async () => {
    const read = told(sum(x).item());
    void shutdown();
    await init();
    console.log(await sum(tensor([4, 5])).item());
    await read;
  },
};
await phases[phase]();
