// Mistakes in a trainer's parts that would otherwise train in silence, to no use.
import { DataError, ShapeError, UsageError } from '../device/errors.js';
import { showShape } from '../tensor/shape.js';
import type { TrainerParts } from './run.js';

/** @throws UsageError if there is nothing to tell apart, or the optimizer is another model's. */
export function checkParts({ classes, model, optimizer }: TrainerParts): void {
  if (classes.length < 2) {
    throw new UsageError(
      `trainer: there is ${classes.length === 1 ? `one class ('${classes[0]}')` : 'no class'}; two or more are needed ` +
        '(of pictures in folders: was the folder above meant?)',
    );
  }
  const own = new Set(model.parameters());
  if (!optimizer.groups.some(({ params }) => params.some((param) => own.has(param)))) {
    throw new UsageError("trainer: the optimizer has none of the model's parameters; make it from model.parameters()");
  }
}

/** @throws DataError for a label that is no class, ShapeError for a model with another number of outputs than classes. */
export function checkAnswers(logits: readonly number[], labels: Int32Array, classes: readonly string[]): void {
  const wrong = labels.find((label) => !(label >= 0 && label < classes.length));
  if (wrong !== undefined)
    throw new DataError(`trainer: a label is ${wrong}, the classes are 0 to ${classes.length - 1}`);
  if (logits.length !== 2 || logits[1] !== classes.length) {
    throw new ShapeError(
      `trainer: the model gives ${showShape(logits)} for ${labels.length} images, expected ` +
        `${showShape([labels.length, classes.length])}: a number for each class (${classes.join(', ')})`,
    );
  }
}
