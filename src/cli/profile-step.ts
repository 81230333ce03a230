// --profile: where the time of one training step goes.
import { measurePeaks, type Peaks, profile, profileTable, profileTrace } from '../index.js';
import type { RunFolder } from '../node/index.js';
import type { Trainer } from '../train/index.js';
import type { Terminal } from './terminal.js';

const PROFILED_STEP = 4;

/** Shows where the time of one training step goes, and leaves a trace. */
export async function profileStep(trainer: Trainer, folder: RunFolder, terminal: Terminal): Promise<void> {
  const batches: object[] = [];
  for await (const batch of trainer.parts.train.epoch(0)) if (batches.push(batch) === PROFILED_STEP) break;
  const last = batches.pop()!;
  for (const batch of batches) await trainer.trainStep(batch);
  const measured = await profile(() => trainer.trainStep(last));
  const peaks = await measurePeaks();
  terminal.say(`\nStep ${PROFILED_STEP}, by kernel. The adapter's own peaks: ${showPeaks(peaks)}`);
  terminal.say(profileTable(measured, { peaks }));
  terminal.say(`\n${profileTable(measured, { by: 'layer', peaks })}`);
  folder.write('trace.json', profileTrace(measured));
  terminal.say(`\nFor ui.perfetto.dev: ${folder.file('trace.json')}`);
}

const showPeaks = ({ flops, bytes }: Peaks) =>
  `${(flops / 1e9).toFixed(0)} GFLOP/s of multiply-adds, ${(bytes / 1e9).toFixed(1)} GB/s copying`;
