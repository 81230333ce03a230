// A data set with a `collate` of its own that gives views of what it keeps.
const rows = Float32Array.from({ length: 8 }, (_, i) => i);

export const dataset = { length: 8, get: (i: number) => i };

export const collate = (places: number[]) => ({ first: rows.subarray(places[0], places[0] + 2), places });
