// Class probabilities of single pictures, from one crop or averaged over several.
import { softmax } from '../autograd/ops/softmax.js';
import { noGrad } from '../autograd/tape.js';
import { ShapeError } from '../errors.js';
import type { Module } from '../layers/module.js';
import { inEvaluation } from '../layers/reach.js';
import { scope } from '../tensor/scope.js';
import { showShape, sizeOf } from '../tensor/shape.js';
import { tensor } from '../tensor/tensor.js';
import { checkPrediction } from './checks.js';
import { inPrecision } from './precision.js';

/**
 * Mean class probabilities over `crops` crops of each picture (1, or 10 as in the AlexNet paper).
 * `images` holds (pictures * crops, channels, height, width), the crops of a picture one after the other.
 * Returns (pictures, classes) row-major, in float64. With `precision` 'f16' under `autocast`. The model runs in evaluation mode, and each module's mode is as before at once.
 * @throws ShapeError if `images` is not a whole number of pictures, or the model does not give a row of scores an input;
 * UsageError for arguments of another kind.
 */
export async function predictProbabilities(
  model: Module,
  images: Float32Array,
  imageShape: readonly number[],
  crops = 1,
  precision: 'f32' | 'f16' = 'f32',
): Promise<Float64Array> {
  checkPrediction({ model, images, imageShape, crops, precision });
  const count = images.length / sizeOf(imageShape);
  if (!Number.isInteger(count / crops)) {
    throw new ShapeError(
      `predictProbabilities: ${images.length} numbers are not a whole number of pictures ` +
        `(${crops} x [${imageShape.join(', ')}] each)`,
    );
  }
  if (count === 0) return new Float64Array(0);
  const probabilities = () => {
    using _step = scope();
    const x = tensor(images, { shape: [count, ...imageShape] });
    return noGrad(() => {
      const logits = inEvaluation(model, () => inPrecision(precision, () => model.forward(x)));
      if (logits.rank !== 2 || logits.shape[0] !== count) {
        throw new ShapeError(
          `predictProbabilities: the model gives ${showShape(logits.shape)} for ${count} inputs, expected [${count}, classes]`,
        );
      }
      return softmax(logits, -1).data();
    });
  };
  const rows = await probabilities();
  const classes = rows.length / count;
  const mean = new Float64Array((count / crops) * classes);
  for (let i = 0; i < rows.length; i++) {
    const picture = Math.floor(i / (classes * crops));
    mean[picture * classes + (i % classes)] += rows[i] / crops;
  }
  return mean;
}
