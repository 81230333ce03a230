// A curve of any length, as few points as a chart can show.

/** A point of a curve; y may be NaN or infinite. */
export type Point = readonly [x: number, y: number];

const COLUMNS = 360;

/**
 * The curve's pieces between values that are not finite. Where there are more points than columns, each column keeps its first,
 * lowest, highest and last, so that no peak is lost (Jugel et al. 2014, "M4").
 */
export function pieces(points: readonly Point[], [low, high]: readonly [number, number]): Point[][] {
  const found: Point[][] = [[]];
  for (const column of columnsOf(points, low, high)) {
    const finite = column.filter(([, y]) => Number.isFinite(y));
    found.at(-1)!.push(...(points.length > 4 * COLUMNS ? extremes(finite) : finite));
    if (finite.length < column.length && found.at(-1)!.length > 0) found.push([]);
  }
  return found.filter((piece) => piece.length > 0);
}

/** Points that share a column; where there are few points, up to the next value that is not finite. */
function* columnsOf(points: readonly Point[], low: number, high: number): Generator<Point[]> {
  const many = points.length > 4 * COLUMNS;
  const columnOf = (x: number) => Math.floor(((x - low) / (high - low || 1)) * COLUMNS);
  let column: Point[] = [];
  for (const point of points) {
    const ends = many ? column.length > 0 && columnOf(column[0][0]) !== columnOf(point[0]) : false;
    if (ends) {
      yield column;
      column = [];
    }
    column.push(point);
    if (!many && !Number.isFinite(point[1])) {
      yield column;
      column = [];
    }
  }
  yield column;
}

function extremes(points: readonly Point[]): Point[] {
  if (points.length <= 4) return [...points];
  let [low, high] = [0, 0];
  points.forEach(([, y], i) => {
    if (y < points[low][1]) low = i;
    if (y > points[high][1]) high = i;
  });
  const kept = new Set([0, low, high, points.length - 1]);
  return [...kept].sort((a, b) => a - b).map((i) => points[i]);
}

/** At most `most` of a list, evenly spread, with its first and last. */
export function spread<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]);
}
