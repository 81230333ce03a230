// Puts methods of ours in the place of Dawn's, in a process that tests have changed.
import { globals } from 'webgpu';

type Name = 'GPUAdapter' | 'GPUBuffer' | 'GPUDevice' | 'GPUQueue';
type Method = (this: never, ...args: never[]) => unknown;

/** `ours` is given Dawn's own method. */
export function replaceMethod<Own extends Method>(type: Name, method: string, ours: (own: Own) => Own): void {
  const { prototype } = (globals as unknown as Record<Name, { prototype: Record<string, Own> }>)[type];
  prototype[method] = ours(prototype[method]);
}
