// Labels that must name classes.
import { checkClasses, reportClasses } from '../../kernels/class-check.js';
import { onRead, type Tensor } from '../../tensor/tensor.js';

/**
 * Looks on the GPU whether labels (i32, or bytes cast to f32) are from 0 to classes - 1, or `ignored`. The next read of any
 * tensor throws a UsageError if one is not: nothing waits for it here.
 */
export function requireClasses(op: string, labels: Tensor, classes: number, ignored = 0): void {
  if (labels.size === 0) return;
  onRead(reportClasses);
  checkClasses(labels.buffer, labels.size, labels.dtype === 'f32' ? 'f32' : 'i32', { op, classes, ignored });
}
