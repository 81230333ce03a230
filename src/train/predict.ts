// Class probabilities of single pictures, from one crop or averaged over several.
import { softmax } from '../autograd/ops/softmax.js';
import { noGrad } from '../autograd/tape.js';
import { ShapeError } from '../device/errors.js';
import type { Module } from '../layers/module.js';
import { scope } from '../tensor/scope.js';
import { sizeOf } from '../tensor/shape.js';
import { tensor } from '../tensor/tensor.js';

/**
 * Mean class probabilities over `crops` crops of each picture (1, or 10 as in the AlexNet paper).
 * `images` holds (pictures * crops, channels, height, width), the crops of a picture one after the other.
 * Returns (pictures, classes) row-major, in float64. The model is in evaluation mode meanwhile, and afterwards as before.
 * @throws ShapeError if `images` is not a whole number of pictures.
 */
export async function predictProbabilities(
  model: Module,
  images: Float32Array,
  imageShape: readonly number[],
  crops = 1,
): Promise<Float64Array> {
  const count = images.length / sizeOf(imageShape);
  if (!Number.isInteger(count / crops)) {
    throw new ShapeError(
      `predictProbabilities: ${images.length} numbers are not a whole number of pictures ` +
        `(${crops} x [${imageShape.join(', ')}] each)`,
    );
  }
  const { training } = model;
  const probabilities = () => {
    using _step = scope();
    try {
      model.eval();
      return noGrad(() => softmax(model.forward(tensor(images, { shape: [count, ...imageShape] })), -1).data());
    } finally {
      model.train(training); // a training step may be recorded before the numbers are back
    }
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
