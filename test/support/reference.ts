// Ops as plain float64 loops, to be read next to their formulas. Slow, and that is all right: tests are small.

/** A dense array in row-major order. */
export interface Dense {
  shape: readonly number[];
  data: ArrayLike<number>;
}

interface Pool {
  kernelSize: number;
  stride?: number;
  padding?: number;
  dilation?: number;
  countIncludePad?: boolean;
}

/** Calls `visit` with every plane (image and channel) of x and every place of its output. */
function eachPlace(x: Dense, outHeight: number, outWidth: number, visit: Place): Float64Array {
  const [batch, channels, height, width] = x.shape;
  const y = new Float64Array(batch * channels * outHeight * outWidth);
  for (let plane = 0; plane < batch * channels; plane++) {
    const at = (iy: number, ix: number) => x.data[(plane * height + iy) * width + ix];
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) y[(plane * outHeight + oy) * outWidth + ox] = visit(at, oy, ox);
    }
  }
  return y;
}

type Place = (at: (iy: number, ix: number) => number, oy: number, ox: number) => number;

/** The pixels of a window that lie inside the image, or inside the image with its padding. */
function windowPixels(x: Dense, oy: number, ox: number, options: Pool, border = 0): [number, number][] {
  const [, , height, width] = x.shape;
  const { kernelSize, stride = kernelSize, padding = 0, dilation = 1 } = options;
  const pixels: [number, number][] = [];
  for (let ky = 0; ky < kernelSize; ky++) {
    for (let kx = 0; kx < kernelSize; kx++) {
      const [iy, ix] = [oy * stride + ky * dilation - padding, ox * stride + kx * dilation - padding];
      if (iy >= -border && iy < height + border && ix >= -border && ix < width + border) pixels.push([iy, ix]);
    }
  }
  return pixels;
}

export function maxPool2d(x: Dense, options: Pool, outHeight: number, outWidth: number): Float64Array {
  return eachPlace(x, outHeight, outWidth, (at, oy, ox) =>
    Math.max(...windowPixels(x, oy, ox, options).map(([iy, ix]) => at(iy, ix))),
  );
}

/** The padding counts as zeros, or not at all; what ceil mode adds beyond it never counts. */
export function avgPool2d(x: Dense, options: Pool, outHeight: number, outWidth: number): Float64Array {
  const { padding = 0, countIncludePad = true } = options;
  return eachPlace(x, outHeight, outWidth, (at, oy, ox) => {
    const inside = windowPixels(x, oy, ox, options);
    const count = countIncludePad ? windowPixels(x, oy, ox, options, padding).length : inside.length;
    return inside.reduce((sum, [iy, ix]) => sum + at(iy, ix), 0) / count;
  });
}

/** Window o of n covers the pixels from floor(o * size / n) up to ceil((o + 1) * size / n). */
export function adaptiveAvgPool2d(x: Dense, outHeight: number, outWidth: number): Float64Array {
  const [, , height, width] = x.shape;
  const span = (o: number, n: number, size: number) => [Math.floor((o * size) / n), Math.ceil(((o + 1) * size) / n)];
  return eachPlace(x, outHeight, outWidth, (at, oy, ox) => {
    const [top, bottom] = span(oy, outHeight, height);
    const [left, right] = span(ox, outWidth, width);
    let sum = 0;
    for (let iy = top; iy < bottom; iy++) for (let ix = left; ix < right; ix++) sum += at(iy, ix);
    return sum / ((bottom - top) * (right - left));
  });
}

/** y = x / (k + alpha / size * (sum of x² over the neighbouring channels))^beta; PyTorch's window, even sizes too. */
export function localResponseNorm(
  x: Dense,
  { size, alpha, beta, k }: { size: number; alpha: number; beta: number; k: number },
): Float64Array {
  const [batch, channels, ...rest] = x.shape;
  const plane = rest.reduce((a, b) => a * b, 1);
  return Float64Array.from({ length: batch * channels * plane }, (_, i) => {
    const channel = Math.floor(i / plane) % channels;
    const first = Math.max(0, channel - Math.floor(size / 2));
    const last = Math.min(channels - 1, channel + Math.floor((size - 1) / 2));
    let sum = 0;
    for (let c = first; c <= last; c++) sum += x.data[i + (c - channel) * plane] ** 2;
    return x.data[i] / (k + (alpha / size) * sum) ** beta;
  });
}

/** Training: (x - mean) / sqrt(variance + eps) * weight + bias over each channel's own values. */
export function batchNorm(x: Dense, weight: ArrayLike<number>, bias: ArrayLike<number>, eps: number): Float64Array {
  const [batch, channels, ...rest] = x.shape;
  const plane = rest.reduce((a, b) => a * b, 1);
  const count = batch * plane;
  const channelOf = (i: number) => Math.floor(i / plane) % channels;
  const [mean, variance] = [new Float64Array(channels), new Float64Array(channels)];
  const size = batch * channels * plane;
  for (let i = 0; i < size; i++) mean[channelOf(i)] += x.data[i] / count;
  for (let i = 0; i < size; i++) variance[channelOf(i)] += (x.data[i] - mean[channelOf(i)]) ** 2 / count;
  return Float64Array.from({ length: size }, (_, i) => {
    const c = channelOf(i);
    return ((x.data[i] - mean[c]) / Math.sqrt(variance[c] + eps)) * weight[c] + bias[c];
  });
}

/** log(exp(x) / sum of exp(x)) along a dimension. */
export function logSoftmax(x: Dense, dim: number): Float64Array {
  const length = x.shape[dim];
  const inner = x.shape.slice(dim + 1).reduce((a, b) => a * b, 1);
  return Float64Array.from({ length: x.data.length }, (_, i) => {
    const start = i - (Math.floor(i / inner) % length) * inner;
    const row = Array.from({ length }, (_, j) => x.data[start + j * inner]);
    const most = Math.max(...row);
    return x.data[i] - most - Math.log(row.reduce((sum, v) => sum + Math.exp(v - most), 0));
  });
}

/** Mean cross entropy of logits (batch, classes); `labelSmoothing` spreads that share evenly over all classes. */
export function crossEntropy(
  logits: Dense,
  target: ArrayLike<number>,
  { labelSmoothing = 0, ignoreIndex = -100 } = {},
): Float64Array {
  const [batch, classes] = logits.shape;
  const log = logSoftmax(logits, 1);
  let [total, rows] = [0, 0];
  for (let b = 0; b < batch; b++) {
    if (target[b] === ignoreIndex) continue;
    rows++;
    for (let c = 0; c < classes; c++) {
      const share = labelSmoothing / classes + (c === target[b] ? 1 - labelSmoothing : 0);
      total -= share * log[b * classes + c];
    }
  }
  return Float64Array.of(total / rows);
}

/** The gradient of <dy, f(x)> by central differences: in float64 it is right to about nine digits. */
export function gradient(f: (x: Dense) => ArrayLike<number>, x: Dense, dy: ArrayLike<number>): Float64Array {
  const step = 1e-5;
  const data = Float64Array.from(x.data);
  const value = (i: number, v: number): number => {
    const kept = data[i];
    data[i] = v;
    const y = f({ shape: x.shape, data });
    data[i] = kept;
    let sum = 0;
    for (let j = 0; j < dy.length; j++) sum += dy[j] * y[j];
    return sum;
  };
  return data.map((v, i) => (value(i, v + step) - value(i, v - step)) / (2 * step));
}
