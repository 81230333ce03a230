import type { Tensor } from '../tensor/tensor.js';

/** A parameter in f16, made when a product first needs it; and when the parameter was last written then. */
export interface Lowered {
  half: Tensor;
  writtenAt: number;
}

/** Parameters in f16 while a body of `autocast` runs, else undefined: ops have no parameter for it, and gradients are computed without. */
export const mixed: { region: Map<Tensor, Lowered> | undefined } = { region: undefined };

/** Runs `body` with another region. */
export function inRegion<T>(region: typeof mixed.region, body: () => T): T {
  const before = mixed.region;
  mixed.region = region;
  try {
    return body();
  } finally {
    mixed.region = before;
  }
}
