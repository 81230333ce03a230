// Functions of one number in float64, for references.

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** The error function to 1e-15: its series near zero, the complement's continued fraction away from it. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a < 3) {
    let [term, sum] = [a, a];
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 200; n++) {
      term *= (-a * a) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let tail = 0;
  for (let n = 60; n > 0; n--) tail = n / 2 / (a + tail);
  return Math.sign(x) * (1 - Math.exp(-a * a) / (a + tail) / Math.sqrt(Math.PI));
}

/** The normal distribution's density and distribution function. */
export const density = (x: number): number => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
export const normal = (x: number): number => 0.5 * (1 + erf(x / Math.SQRT2));

/** PyTorch's power, by square roots where it takes them: that of minus infinity is NaN. */
export function power(x: number, c: number): number {
  if (c === 0.5) return Math.sqrt(x);
  return c === -0.5 && x !== 0 ? 1 / Math.sqrt(x) : x ** c;
}

export function powerSlope(x: number, c: number): number {
  if (c === 0.5) return 0.5 / Math.sqrt(x);
  return c === 0 ? 0 : c * power(x, c - 1);
}

/** What y is off by where it is an exponential of x, relative to EPSILON: as much as x is large. */
export const exponentRough = (x: number, y: number): number =>
  y === 0 || !Number.isFinite(x) ? 0 : Math.min(Math.abs(x), 200) * Math.abs(y);

/** Rounding of an exponent, in exp2(c log2 |x|). */
export const powerRough = (x: number, c: number): number => exponentRough(c * Math.log2(Math.abs(x) || 1), power(x, c));
