// Functions that every engine computes alike: IEEE arithmetic alone. Math.exp and its like may differ in their last bit.

/** e to the x. */
export function exp(x: number): number {
  let [small, halvings] = [x, 0];
  for (; Math.abs(small) > 0.5; halvings++) small /= 2;
  let [term, sum] = [1, 1];
  for (let n = 1; n < 20; n++) {
    term *= small / n;
    sum += term;
  }
  for (let i = 0; i < halvings; i++) sum *= sum;
  return sum;
}

/** The natural logarithm of a number above 0. */
export function log(x: number): number {
  let [mantissa, twos] = [x, 0];
  for (; mantissa > Math.SQRT2; twos++) mantissa /= 2;
  for (; mantissa < Math.SQRT1_2; twos--) mantissa *= 2;
  const y = (mantissa - 1) / (mantissa + 1);
  let [power, sum] = [y, y];
  for (let n = 3; n < 40; n += 2) {
    power *= y * y;
    sum += power / n;
  }
  return twos * Math.LN2 + 2 * sum;
}

/** A quarter of a circle, as a number of 33 bits and the rest: small multiples of the first are exact. */
const [QUARTER, QUARTER_REST] = [1.5707963267341256, 6.077100506506192e-11];

/** Sine and cosine of an angle of some turns at most. */
export function sinCos(radians: number): [sin: number, cos: number] {
  const quarters = Math.round(radians / QUARTER);
  const x = radians - quarters * QUARTER - quarters * QUARTER_REST;
  let [sin, cos, power] = [x, 1, x]; // power: x to the n, over n!
  for (let n = 2; n < 22; n += 2) {
    cos -= (power * x) / n;
    power *= (-x * x) / (n * (n + 1));
    sin += power;
  }
  const turned: [number, number] = quarters % 2 === 0 ? [sin, cos] : [cos, -sin];
  return (quarters & 2) === 0 ? turned : [-turned[0], -turned[1]];
}

/** To the nearest whole number, halves to the even one: Python's `round`, for numbers that are not negative. */
export function round(x: number): number {
  const up = Math.floor(x + 0.5);
  return up - x === 0.5 && up % 2 === 1 ? up - 1 : up;
}
