/** Integer division, rounded up. */
export function ceilDiv(a: number, b: number): number {
  return Math.ceil(a / b);
}

/** The smallest multiple of `step` that is at least `value`. */
export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** Bytes for people, in powers of ten: 256 B, 37.7 MB, 151 MB, 2.1 GB. */
export function showBytes(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  const [unit, scale] = bytes < 1e6 ? ['kB', 1e3] : bytes < 1e9 ? ['MB', 1e6] : (['GB', 1e9] as const);
  const value = bytes / scale;
  return `${value < 99.95 ? Number(value.toFixed(1)) : Math.round(value)} ${unit}`;
}
