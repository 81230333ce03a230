import { showValue, UsageError } from '../../errors.js';
import { checkOptions, type Rules, whole } from '../../options.js';
import { TensorBoardWriter } from '../../report/tensorboard.js';
import type { Callback, Training } from '../callback.js';
import { layerHistograms } from '../layer-histograms.js';
import type { EpochRecord, Progress } from '../record.js';

/** What is written beside the figures of epochs. */
export interface TensorBoardCallbackOptions {
  /** Steps between two losses of single batches; 0 for none. Default 0. */
  lossEvery?: number;
  /** Epochs between two histograms of each layer's weights and gradients; 0 for none. They are read back for it. Default 0. */
  histogramsEvery?: number;
}

const RULES: Rules<TensorBoardCallbackOptions> = { lossEvery: whole(0), histogramsEvery: whole(0) };

/** Writes each epoch's metrics for TensorBoard: 'loss/train', 'loss/validation', 'learning_rate'. Keras: TensorBoard. */
export class TensorBoard implements Callback {
  /**
   * `writer`: in Node that of `tensorBoardFile(folder)` of `wgrad/node`, in a page a `TensorBoardWriter`.
   * @throws UsageError for what is none, and options that it does not know.
   */
  constructor(
    private readonly writer: TensorBoardWriter,
    private readonly options: TensorBoardCallbackOptions = {},
  ) {
    if (!(writer instanceof TensorBoardWriter))
      throw new UsageError(`TensorBoard: takes a TensorBoardWriter, got ${showValue(writer)}`);
    checkOptions('TensorBoard', options, RULES);
  }

  /** Writes the latest loss, where one is due. */
  onBatchEnd({ step, batchLoss }: Progress): void {
    const { lossEvery = 0 } = this.options;
    if (lossEvery > 0 && step % lossEvery === 0 && !Number.isNaN(batchLoss))
      this.writer.addScalar('loss/batch', batchLoss, step);
  }

  /** Writes the epoch's metrics. */
  async onEpochEnd({ epoch, step, learningRate, metrics }: EpochRecord, { model }: Training): Promise<void> {
    for (const [name, value] of Object.entries(metrics)) {
      const tag = name.startsWith('val_') ? `${name.slice(4)}/validation` : `${name}/train`;
      this.writer.addScalar(tag, value, step);
    }
    this.writer.addScalar('learning_rate', learningRate, step);
    const { histogramsEvery = 0 } = this.options;
    if (histogramsEvery === 0 || epoch % histogramsEvery !== 0) return;
    for (const { name, values, gradient } of await layerHistograms(model)) {
      this.writer.addHistogram(name, values, step);
      if (gradient) this.writer.addHistogram(`${name}/gradient`, gradient, step);
    }
  }
}
