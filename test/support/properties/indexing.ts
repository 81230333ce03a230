// Places in row-major arrays.

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** A flat index as one index a dimension. */
export function unravel(index: number, shape: readonly number[]): number[] {
  const places = new Array<number>(shape.length);
  for (let i = shape.length - 1; i >= 0; i--) {
    places[i] = index % shape[i];
    index = Math.floor(index / shape[i]);
  }
  return places;
}

/** One index a dimension as a flat index. */
export const ravel = (places: readonly number[], shape: readonly number[]): number =>
  places.reduce((at, place, i) => at * shape[i] + place, 0);

/** The shape that two shapes, known to fit, broadcast to. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  const at = (shape: readonly number[], i: number) => shape[i - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, i) => (at(a, i) === 1 ? at(b, i) : at(a, i)));
}

/** Where in an array of shape `own` the element is that a broadcast array of `shape` has at a flat index. */
export function broadcastIndex(index: number, shape: readonly number[], own: readonly number[]): number {
  const places = unravel(index, shape).slice(shape.length - own.length);
  return ravel(
    places.map((place, i) => (own[i] === 1 ? 0 : place)),
    own,
  );
}
