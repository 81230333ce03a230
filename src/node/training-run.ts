// A training run as a folder: its checkpoints, its figures and its report.
import { checkpointBytes, checkpointParts, restoreModel, restoreRun, writeWeights } from '../checkpoint/files.js';
import type { Snapshot } from '../checkpoint/snapshot.js';
import type { Run } from '../checkpoint/stateful.js';
import type { AnyModule } from '../layers/module.js';
import { anything, checkOptions, type Rules, required } from '../options.js';
import type { EpochFigures } from '../report/facts.js';
import { metricsCsv, type RunFacts, reportHtml, writeRunFacts } from '../report/index.js';
import type { ReportParts } from '../report/parts.js';
import type { Callback, Training } from '../train/callback.js';
import { ModelCheckpoint } from '../train/callbacks/model-checkpoint.js';
import type { MonitorOptions } from '../train/callbacks/monitor.js';
import type { EpochRecord } from '../train/record.js';
import { CheckpointFiles } from './checkpoint-files.js';
import { RunFolder } from './run-folder.js';

/** What a run is about, and which epoch is its best. */
export interface TrainingRunOptions extends Pick<MonitorOptions, 'monitor' | 'mode'> {
  /** For `run.json` and the report; its title at least. */
  facts: RunFacts;
  /** Checkpoints to keep, the last so many. Default 2. */
  keep?: number;
}

const RULES: Rules<TrainingRunOptions> = {
  ...{ facts: required(anything), keep: anything, monitor: anything, mode: anything }, // looked at where they are used
};

/**
 * A folder such as runs/regression that a trainer's run is kept in: `save` and the callback itself for `fit`, `resume` to go on, `report` at the
 * end. It holds last.safetensors, best.safetensors, metrics.csv, run.json and report.html.
 */
export class TrainingRun implements Callback {
  /** What checkpoints call it. */
  readonly name: string = 'TrainingRun';
  /** Its checkpoints. */
  readonly files: CheckpointFiles;
  private readonly best: ModelCheckpoint;

  /** @throws UsageError for options that it does not know; CheckpointError if the folder cannot be written to. */
  constructor(
    path: string,
    private readonly options: TrainingRunOptions,
  ) {
    checkOptions('TrainingRun', options, RULES);
    const { facts, keep, monitor, mode } = options;
    this.files = new CheckpointFiles(new RunFolder(path), { keep });
    this.files.folder.create();
    this.files.folder.write('run.json', writeRunFacts(facts));
    this.best = new ModelCheckpoint({
      ...{ monitor, mode },
      save: async ({ model }) => this.files.saveBest(await writeWeights(model)),
    });
  }

  /**
   * Goes on from the newest checkpoint that is whole. False if there is none yet.
   * @throws CheckpointError if it does not fit the run, or all are damaged.
   */
  resume<Position>(run: Run<Position>): boolean {
    if (!this.files.folder.has('last.safetensors') && !this.files.folder.has('last-1.safetensors')) {
      this.files.checkRoom(checkpointBytes(run));
      return false;
    }
    restoreRun(this.files.newest().checkpoint, run);
    return true;
  }

  /** For `fit`'s `save`, or that of `withRecovery`. */
  readonly save = async <Position>(snapshot: Snapshot<Position>): Promise<void> => {
    this.files.save(await checkpointParts(snapshot));
  };

  /** Keeps the weights of the best epoch, and the figures of all. */
  async onEpochEnd(record: EpochRecord, training: Training): Promise<void> {
    await this.best.onEpochEnd(record, training);
    this.files.folder.write('metrics.csv', metricsCsv(training.history));
  }

  /** Puts the best epoch's weights into a model. @throws CheckpointError if there are none. */
  restoreBest(model: AnyModule): void {
    restoreModel(this.files.best(), model);
  }

  /** Writes report.html, of the facts, the epochs and whatever else is given; its path. @throws UsageError as `reportHtml` does. */
  report(history: readonly EpochFigures[], more: Partial<ReportParts> = {}): string {
    const parts = { ...this.options.facts, history, ...more };
    this.files.folder.write('run.json', writeRunFacts({ ...this.options.facts, results: more.results }));
    this.files.folder.write('report.html', reportHtml(parts));
    return this.files.folder.file('report.html');
  }

  /** The best figure so far. */
  state() {
    return this.best.state();
  }

  /** Goes on from there. */
  restore(state: ReturnType<ModelCheckpoint['state']>): void {
    this.best.restore(state);
  }

  /** Why it cannot go on from a saved state. */
  mismatch(state: ReturnType<ModelCheckpoint['state']>): string | undefined {
    return this.best.mismatch(state);
  }
}
