import { ownedIn } from './scope.js';
import { Tensor } from './tensor.js';

/** The tensors in a value: it itself, or those in lists, Maps, Sets and objects at any depth. */
export function tensorsIn(value: unknown): Tensor[] {
  return ownedIn(value).filter((item) => item instanceof Tensor);
}
