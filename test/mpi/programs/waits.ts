// Reduces for ever, ten times a second; says who it is. `--timeout S` and `--heartbeat S` are initDistributed's; 'idle' never meets the others. SIGUSR1: it throws.
import { parseArgs } from 'node:util';
import { initDistributed } from '../../../src/distributed/index.js';

const options = { timeout: { type: 'string' }, heartbeat: { type: 'string' }, idle: { type: 'boolean' } } as const;
const { timeout = '600', heartbeat = '60', idle } = parseArgs({ options }).values;
const world = await initDistributed({ timeout: Number(timeout), heartbeat: Number(heartbeat) });
console.log(`rank ${world.rank} is process ${process.pid}`);
process.on('SIGUSR1', () => {
  throw new RangeError('an error of its own');
});
const pause = () => new Promise((resolve) => setTimeout(resolve, 100));
try {
  for (;;) {
    if (!idle) await world.allReduce(Float64Array.of(world.rank));
    await pause();
  }
} catch (error) {
  console.log(`rank ${world.rank} heard: ${(error as Error).message}`);
  process.exit(1);
}
