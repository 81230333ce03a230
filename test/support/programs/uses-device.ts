// A program that uses the device and then ends in the way it is told to, for test/process.test.ts.
import { init, sum, tensor } from '../../../src/index.js';

const [, , ending] = process.argv;

await init();
const x = tensor([1, 2, 3]);
console.log(`sum ${await sum(x).item()}`);

// Whatever the program still holds must not keep it alive.
(globalThis as Record<string, unknown>).kept = x;

const endings: Record<string, () => unknown> = {
  'the last line': () => {},
  'process.exit': () => process.exit(7),
  'an exception': () => {
    throw new Error('on purpose');
  },
  'an exception later': () =>
    setTimeout(() => {
      throw new Error('on purpose');
    }, 20),
  'a rejection': () => Promise.reject(new Error('on purpose')),
  'a read in flight': () => void x.data(),
  'process.exit with a read in flight': () => {
    void x.data();
    process.exit(7);
  },
};
endings[ending]();
