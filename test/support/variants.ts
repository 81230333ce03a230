import { forceVariant, matricesUsable, subgroupsUsable, type Variant } from '../../src/kernels/tile.js';
import { table } from './ops.js';
import { Skip } from './suite.js';

/** The kernels that every product and convolution is tested with. */
export const variants: Variant[] = ['plain', 'tiled', 'subgroup', 'shared'];

/** What an op is tested with: products with every variant, sums along rows with a thread for each row and with shared ones. */
export function variantsOf(op: string): readonly (Variant | null)[] {
  const kernels = table[op]?.kernels;
  if (kernels === 'products') return variants;
  return kernels === 'rows' ? [null, 'shared'] : [null];
}

/** Forces a variant for the rest of the test; without subgroups of a fixed size, or matrices, the test is listed as not run. */
export function useVariant(variant: Variant | null): void {
  if (variant === 'subgroup' && !subgroupsUsable()) throw new Skip('the device has no subgroups of one fixed size');
  if (variant === 'matrix' && !matricesUsable()) throw new Skip('the device shows no matrix units');
  forceVariant(variant);
}
