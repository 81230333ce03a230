// What a classifier called, and what it is: rows of scores and their targets as two lists of class numbers.
import { eq, ge, gt, ne, where } from '../autograd/ops/arithmetic.js';
import { cast } from '../autograd/ops/cast.js';
import { requireF32, requireTensors } from '../autograd/ops/checks.js';
import { requireClasses } from '../autograd/ops/classes.js';
import { amax, argmax } from '../autograd/ops/reduce.js';
import { reshape } from '../autograd/ops/shape.js';
import { ShapeError } from '../errors.js';
import { sameShape, showShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** Targets that are left out, where nothing else is said: crossEntropy's. */
export const IGNORED = -100;

/** Rows of scores and targets, f32 (rows) each. */
export interface Answers {
  /** The class called; -1 where a score is NaN, and that row's answer is wrong. */
  called: Tensor;
  /** The class that it is; -1 where it is to be ignored. */
  actual: Tensor;
  /** 1 where the row counts, 0 where it is to be ignored. */
  counts: Tensor;
}

/**
 * Reads answers of `classes` classes (any number, if none is said):
 * scores (batch, classes, ...) with targets (batch, ...), class numbers in i32 or u8, or probabilities, f32 in the scores' shape;
 * or, of two classes, one logit each, (batch), (batch, 1) or (batch, 1, ...), with as many targets, 0 and 1 in any dtype.
 * @throws ShapeError if they do not fit.
 */
export function answers(op: string, scores: Tensor, target: Tensor, ignoreIndex: number, classes?: number): Answers {
  requireF32(op, scores);
  requireTensors(op, target);
  const [batch, channels, ...inner] = scores.shape;
  const wide = scores.rank >= 2 && channels >= 2 && (classes ?? channels) === channels;
  const of = [batch, ...inner];
  if (wide && target.dtype === 'f32' && sameShape(target.shape, scores.shape))
    return pair(largest(scores), cast(argmax(target, 1), 'f32'), ignoreIndex);
  if (wide && target.dtype !== 'f32' && sameShape(target.shape, of)) {
    const numbers = checked(op, target, channels, ignoreIndex);
    return pair(largest(scores), numbers, ignoreIndex);
  }
  const single = sameShape(scores.shape, target.shape) || (channels === 1 && sameShape(target.shape, of));
  if (!wide && single && (classes ?? 2) === 2) {
    const called = where(eq(scores, scores), gt(scores, 0), -1);
    const numbers = target.dtype === 'f32' ? ge(target, 0.5) : checked(op, target, 2, ignoreIndex);
    return pair(called, numbers, ignoreIndex);
  }
  const rows = (classes ?? 2) === 2 ? ', or a logit for each target' : '';
  throw new ShapeError(
    `${op}: scores ${showShape(scores.shape)} and target ${target.dtype} ${showShape(target.shape)} do not fit; ` +
      `it takes (batch, ${classes ?? 'classes'}, ...) and class numbers (batch, ...) or probabilities${rows}`,
  );
}

/** The class of the largest score; -1 where one is NaN. */
function largest(scores: Tensor): Tensor {
  const top = amax(scores, 1);
  return where(eq(top, top), cast(argmax(scores, 1), 'f32'), -1);
}

function checked(op: string, target: Tensor, classes: number, ignoreIndex: number): Tensor {
  const numbers = cast(target, 'f32');
  requireClasses(op, target.dtype === 'u8' ? numbers : target, classes, ignoreIndex);
  return numbers;
}

function pair(called: Tensor, numbers: Tensor, ignoreIndex: number): Answers {
  const rows = [called.size];
  const counts = ne(reshape(numbers, rows), ignoreIndex);
  return { called: reshape(called, rows), actual: where(counts, reshape(numbers, rows), -1), counts };
}
