// Runs under one GPU's compiler: compiles kernel after kernel, and says on the same stream as the compiler where each begins.
// node worker.js JOB, a Job as JSON.
import { writeSync } from 'node:fs';
import { activeRecorder } from '../../src/device/commands.js';
import { specialize } from '../../src/device/pipeline.js';
import { deviceInfo, init } from '../../src/index.js';
import { labelOf, launches, ownKernel } from './launches.js';
import { type Job, MARK, type Message } from './messages.js';

function say(message: Message): void {
  writeSync(2, `\n${MARK}${JSON.stringify(message)}\n`);
}

async function work({ words, file, choice, done }: Job): Promise<void> {
  await init();
  const info = deviceInfo();
  const all = file ? [ownKernel(file)] : await launches(words, choice);
  say({ all: all.length, driver: info.description });
  for (const { shader, slots, uses, product } of all.slice(done)) {
    const begins = labelOf(shader, slots);
    say({ begins, shader: shader.name, slots, uses, product, wgsl: specialize(shader, slots) });
    const error = await activeRecorder()
      .host.pipelines.get(shader, slots)
      .ready.then(
        () => undefined,
        (thrown: Error) => thrown.message,
      );
    say({ ended: true, error });
  }
}

await work(JSON.parse(process.argv[2])).catch((error: Error) => say({ failed: error.message }));
process.exit(0);
