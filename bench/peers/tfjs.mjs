// node bench/peers/tfjs.mjs webgpu|wasm jobs.json: TensorFlow.js on the bench's jobs. NHWC, kernels called directly.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { numbers, provideWebGpu, runJobs } from './common.mjs';

const [backend, file] = process.argv.slice(2);
const require = createRequire(import.meta.url);
console.warn = console.info = () => {};
if (backend === 'webgpu') provideWebGpu();
const tf = require('@tensorflow/tfjs'); // with gradients, which tfjs-core alone does not register
require(`@tensorflow/tfjs-backend-${backend}`);
if (backend === 'wasm') {
  const wasm = require('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  wasm.setThreadsCount(2);
}
if (!(await tf.setBackend(backend))) throw new Error(`tfjs has no ${backend} backend here`);
await tf.ready();

const BINDING_BYTES = 128 * 2 ** 20;
const kernel = (name, inputs, attributes) => tf.engine().runKernel(name, inputs, attributes);
let seed = 1;
const random = (...shape) =>
  tf.tensor(
    numbers(
      shape.reduce((a, b) => a * b, 1),
      seed++,
    ),
    shape,
  );

async function wait() {
  if (backend !== 'webgpu') return;
  const device = tf.backend();
  if (device.commandEncoder) {
    device.endComputePassEncoder();
    device.submitQueue();
  }
  await device.queue.onSubmittedWorkDone();
}

/** `make()` returns the tensors that are kept; `op` is one run, its results thrown away. */
function timed(kept, op) {
  return { run: () => tf.tidy(() => void op(...kept)), wait, release: () => tf.dispose(kept) };
}

const channels = (x, group, groups) => {
  const each = x.shape[3] / groups;
  return tf.slice(x, [0, 0, 0, group * each], [-1, -1, -1, each]);
};
const outputs = (w, group, groups) => {
  const each = w.shape[3] / groups;
  return tf.slice(w, [0, 0, 0, group * each], [-1, -1, -1, each]);
};

/** tfjs has no groups: parts of the channels one after the other. */
function grouped(groups, each) {
  if (groups === 1)
    return each(
      (x) => x,
      (w) => w,
    );
  return tf.concat(
    Array.from({ length: groups }, (_, g) =>
      each(
        (x) => channels(x, g, groups),
        (w) => outputs(w, g, groups),
      ),
    ),
    3,
  );
}

function convolution(job) {
  const { kind, batch, inChannels, side, outChannels, kernel: k, stride, pad, groups } = job;
  const out = Math.floor((side + 2 * pad - k) / stride) + 1;
  const x = () => random(batch, side, side, inChannels);
  const dy = () => random(batch, out, out, outChannels);
  const w = () => random(k, k, inChannels / groups, outChannels);
  const how = { strides: [stride, stride], pad, dataFormat: 'NHWC' };
  if (kind === 'conv_forward') {
    return timed([x(), w()], (a, b) => grouped(groups, (part, outs) => tf.conv2d(part(a), outs(b), stride, pad)));
  }
  const inputShape = [batch, side, side, inChannels / groups];
  if (kind === 'conv_dx') {
    return timed([dy(), w()], (d, b) =>
      grouped(groups, (part, outs) =>
        kernel('Conv2DBackpropInput', { dy: part(d), filter: outs(b) }, { ...how, inputShape }),
      ),
    );
  }
  const filterShape = [k, k, inChannels / groups, outChannels / groups];
  return timed([x(), dy()], (a, d) =>
    grouped(groups, (part) => kernel('Conv2DBackpropFilter', { x: part(a), dy: part(d) }, { ...how, filterShape })),
  );
}

function pooling({ kind, batch, channels: c, side, kernel: k, stride }) {
  const how = { filterSize: [k, k], strides: [stride, stride], pad: 'valid' };
  const x = random(batch, side, side, c);
  if (kind === 'pool_forward') return timed([x], (a) => kernel('MaxPool', { x: a }, how));
  const output = kernel('MaxPool', { x }, how);
  return timed([x, output, random(...output.shape)], (input, y, dy) =>
    kernel('MaxPoolGrad', { dy, input, output: y }, how),
  );
}

function responseNorm({ kind, batch, channels: c, side, size, alpha, beta, k }) {
  const how = { depthRadius: (size - 1) / 2, bias: k, alpha: alpha / size, beta };
  const x = random(batch, side, side, c);
  if (kind === 'lrn_forward') return timed([x], (a) => kernel('LRN', { x: a }, how));
  const y = kernel('LRN', { x }, how);
  return timed([x, y, random(...y.shape)], (a, out, dy) => kernel('LRNGrad', { x: a, y: out, dy }, how));
}

/** Training mode, composed: statistics, then the kernel for the rest; the gradient by the textbook's sums. */
function batchNorm({ kind, batch, channels: c, side }) {
  const x = random(batch, side, side, c);
  if (kind === 'batchnorm_forward') {
    return timed([x, tf.ones([c]), tf.zeros([c])], (a, scale, offset) => {
      const { mean, variance } = tf.moments(a, [0, 1, 2]);
      return tf.batchNorm4d(a, mean, variance, offset, scale, 1e-5);
    });
  }
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  const inverse = tf.rsqrt(tf.add(variance, 1e-5));
  const count = batch * side * side;
  return timed([x, random(...x.shape), mean, inverse, tf.ones([c])], (a, dy, m, s, scale) => {
    const normal = tf.mul(tf.sub(a, m), s);
    const dOffset = tf.sum(dy, [0, 1, 2]);
    const dScale = tf.sum(tf.mul(dy, normal), [0, 1, 2]);
    const centred = tf.sub(dy, tf.div(tf.add(dOffset, tf.mul(normal, dScale)), count));
    return tf.mul(tf.mul(centred, s), scale);
  });
}

function optimizer({ kind, count }) {
  const p = tf.variable(random(count));
  const grads = { [p.name]: random(count) };
  const rule = kind === 'sgd_step' ? tf.train.momentum(0.01, 0.9) : tf.train.adam(1e-3);
  const run = () => tf.tidy(() => rule.applyGradients(grads));
  return { run, wait, release: () => tf.dispose([p, grads]) };
}

/** The 2012 network; `train` with momentum, else one forward pass. */
function alexnet({ kind, batch, hidden, classes }) {
  if (backend === 'webgpu' && 9216 * hidden * 4 > BINDING_BYTES) {
    throw new Error(
      `fc6's weight (${Math.round((9216 * hidden * 4) / 1e6)} MB) is above the adapter's 128 MiB binding`,
    );
  }
  const weight = (...shape) => tf.variable(tf.mul(random(...shape), 0.05));
  const w = {
    ...{ c1: weight(11, 11, 3, 96), c2: weight(5, 5, 48, 256), c3: weight(3, 3, 256, 384) },
    ...{ c4: weight(3, 3, 192, 384), c5: weight(3, 3, 192, 256) },
    ...{ f6: weight(9216, hidden), f7: weight(hidden, hidden), f8: weight(hidden, classes) },
  };
  const bias = Object.fromEntries(
    Object.entries(w).map(([name, t]) => [name, tf.variable(tf.zeros([t.shape.at(-1)]))]),
  );
  const x = random(batch, 227, 227, 3);
  const target = tf
    .oneHot(
      tf.tensor1d(
        Array.from({ length: batch }, (_, i) => i),
        'int32',
      ),
      classes,
    )
    .toFloat();
  const conv = (h, name, stride, pad, groups) =>
    tf.relu(
      tf.add(
        grouped(groups, (part, outs) => tf.conv2d(part(h), outs(w[name]), stride, pad)),
        bias[name],
      ),
    );
  const norm = (h) => tf.localResponseNormalization(h, 2, 2, 1e-4, 0.75);
  const pool = (h) => tf.maxPool(h, 3, 2, 'valid');
  const dense = (h, name) => tf.add(tf.matMul(h, w[name]), bias[name]);
  const forward = (training) => {
    const drop = (h) => (training ? tf.dropout(h, 0.5) : h);
    let h = pool(norm(conv(x, 'c1', 4, 0, 1)));
    h = pool(norm(conv(h, 'c2', 1, 2, 2)));
    h = conv(conv(conv(h, 'c3', 1, 1, 1), 'c4', 1, 1, 2), 'c5', 1, 1, 2);
    h = tf.reshape(pool(h), [batch, 9216]);
    h = drop(tf.relu(dense(h, 'f6')));
    return dense(drop(tf.relu(dense(h, 'f7'))), 'f8');
  };
  const rule = tf.train.momentum(1e-3, 0.9);
  const release = () => tf.dispose([x, target, w, bias]);
  if (kind === 'alexnet_forward') return { run: () => tf.tidy(() => void forward(false)), wait, release };
  const loss = () => tf.neg(tf.mean(tf.sum(tf.mul(target, tf.logSoftmax(forward(true))), 1)));
  return { run: () => tf.tidy(() => void rule.minimize(loss, false)), wait, release };
}

function prepare(job) {
  const { kind, m, n, k, transA, transB, count, p, batch, classes, rows, columns } = job;
  if (kind.startsWith('conv_')) return convolution(job);
  if (kind.startsWith('pool_')) return pooling(job);
  if (kind.startsWith('lrn_')) return responseNorm(job);
  if (kind.startsWith('batchnorm_')) return batchNorm(job);
  if (kind.startsWith('alexnet_')) return alexnet(job);
  if (kind.endsWith('_step')) return optimizer(job);
  switch (kind) {
    case 'gemm': {
      const bytes = 4 * Math.max(m * k, k * n, m * n);
      if (backend === 'webgpu' && bytes > BINDING_BYTES) {
        throw new Error(`${Math.round(bytes / 1e6)} MB is above the adapter's 128 MiB binding`);
      }
      const a = transA ? random(k, m) : random(m, k);
      const b = transB ? random(n, k) : random(k, n);
      return timed([a, b], (x, y) => tf.matMul(x, y, transA, transB));
    }
    case 'relu_forward':
      return timed([random(count)], (x) => tf.relu(x));
    case 'relu_grad':
      return timed([random(count), random(count)], (x, dy) => tf.mul(dy, tf.step(x)));
    case 'dropout_forward':
      return timed([random(count)], (x) => tf.dropout(x, p));
    case 'reduce_sum':
      return timed([random(rows, columns)], (x) => tf.sum(x, 1));
    case 'cross_entropy': {
      const target = tf.oneHot(
        tf.tensor1d(
          Array.from({ length: batch }, (_, i) => (i * 37) % classes),
          'int32',
        ),
        classes,
      );
      return timed([random(batch, classes), target.toFloat()], (x, t) => {
        const log = tf.logSoftmax(x);
        tf.neg(tf.mean(tf.sum(tf.mul(t, log), 1)));
        return tf.div(tf.sub(tf.exp(log), t), batch);
      });
    }
    default:
      throw new Error(`no such job for tfjs: ${kind}`);
  }
}

await runJobs(file, prepare);
