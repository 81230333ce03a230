// node bench/peers/jax.mjs webgpu|wasm jobs.json: jax-js on the bench's jobs. NCHW, everything under jit.
import { numbers, provideWebGpu, runJobs } from './common.mjs';

const [backend, file] = process.argv.slice(2);
if (backend === 'webgpu') provideWebGpu();
const {
  init,
  defaultDevice,
  blockUntilReady,
  jit,
  vjp,
  valueAndGrad,
  lax,
  nn,
  random: jaxRandom,
  numpy: np,
} = await import('@jax-js/jax');
const ready = await init(backend);
if (!ready.includes(backend)) throw new Error(`jax-js has no ${backend} backend here`);
defaultDevice(backend);

const BINDING_BYTES = 128 * 2 ** 20;
let seed = 1;
const random = (...shape) =>
  np
    .array(
      numbers(
        shape.reduce((a, b) => a * b, 1),
        seed++,
      ),
    )
    .reshape(shape);

const leaves = (tree) => (Array.isArray(tree) ? tree.flatMap(leaves) : [tree]);

const MOST_FLOATS = 64 * 2 ** 20;

/**
 * jax-js frees what it is handed, so every run hands over new references. It is lazy: what is thrown away before it was
 * waited for is never computed, so results are kept until then, as many as memory allows.
 */
function timed(kept, f) {
  const compiled = jit(f);
  const results = [];
  const wait = async () => {
    await blockUntilReady(results);
    for (const t of results.splice(0)) t.dispose();
  };
  const run = () => {
    results.push(...leaves(compiled(...kept.map((t) => t.ref))));
    if (results.reduce((sum, t) => sum + t.size, 0) > MOST_FLOATS) return wait();
  };
  const release = () => {
    for (const t of kept) t.dispose();
    compiled.dispose?.();
  };
  return { run, wait, release };
}

/** The gradient of f with respect to its only argument, given dy. */
const pull = (f, x, dy) => {
  const [y, back] = vjp(f, [x]);
  y.dispose();
  const [dx] = back(dy);
  back.dispose?.();
  return dx;
};

const conv = (x, w, { stride, pad, groups }) =>
  lax.convGeneralDilated(
    x,
    w,
    [stride, stride],
    [
      [pad, pad],
      [pad, pad],
    ],
    { featureGroupCount: groups },
  );

function convolution(job) {
  const { kind, batch, inChannels, side, outChannels, kernel: k, stride, pad, groups } = job;
  const out = Math.floor((side + 2 * pad - k) / stride) + 1;
  const x = () => random(batch, inChannels, side, side);
  const w = () => random(outChannels, inChannels / groups, k, k);
  const dy = () => random(batch, outChannels, out, out);
  if (kind === 'conv_forward') return timed([x(), w()], (a, b) => conv(a, b, job));
  if (kind === 'conv_dx') return timed([x(), w(), dy()], (a, b, d) => pull((v) => conv(v, b, job), a, d));
  return timed([x(), w(), dy()], (a, b, d) => pull((v) => conv(a, v, job), b, d));
}

const pool = (x, k, stride) => lax.reduceWindow(x, np.max, [k, k], [stride, stride]);

function pooling({ kind, batch, channels, side, kernel: k, stride }) {
  const out = Math.floor((side - k) / stride) + 1;
  const x = random(batch, channels, side, side);
  if (kind === 'pool_forward') return timed([x], (a) => pool(a, k, stride));
  return timed([x, random(batch, channels, out, out)], (a, d) => pull((v) => pool(v, k, stride), a, d));
}

/** x * (k + alpha / size * sum of squares over channels)^-beta, with shifted slices of the padded squares. */
function responseNorm(x, { size, alpha, beta, k }) {
  const [, channels] = x.shape;
  const half = Math.floor(size / 2);
  const padded = np.pad(np.square(x.ref), [
    [0, 0],
    [half, size - 1 - half],
    [0, 0],
    [0, 0],
  ]);
  let total;
  for (let i = 0; i < size; i++) {
    const part = padded.ref.slice([], [i, i + channels]);
    total = total ? total.add(part) : part;
  }
  padded.dispose();
  return x.mul(np.exp(np.log(total.mul(alpha / size).add(k)).mul(-beta)));
}

function batchNorm(x) {
  const mean = np.mean(x.ref, [0, 2, 3], { keepdims: true });
  const centred = x.sub(mean);
  const variance = np.mean(np.square(centred.ref), [0, 2, 3], { keepdims: true });
  return centred.div(np.sqrt(variance.add(1e-5)));
}

/** Forward or gradient of a pointwise-shaped op. */
function eitherWay(kind, shape, f) {
  if (kind.endsWith('_forward')) return timed([random(...shape)], f);
  return timed([random(...shape), random(...shape)], (x, dy) => pull(f, x, dy));
}

function alexnet({ kind, batch, hidden, classes }) {
  if (backend === 'webgpu' && 9216 * hidden * 4 > BINDING_BYTES) {
    throw new Error(
      `fc6's weight (${Math.round((9216 * hidden * 4) / 1e6)} MB) is above the adapter's 128 MiB binding`,
    );
  }
  const weight = (...shape) => random(...shape).mul(0.05);
  const shapes = [
    [96, 3, 11, 11],
    [256, 48, 5, 5],
    [384, 256, 3, 3],
    [384, 192, 3, 3],
    [256, 192, 3, 3],
    [9216, hidden],
    [hidden, hidden],
    [hidden, classes],
  ];
  const parameters = () => shapes.flatMap((s) => [weight(...s), np.zeros([s.length === 4 ? s[0] : s[1]])]);
  const response = { size: 5, alpha: 5e-4, beta: 0.75, k: 2 };
  const forward = (p, x, key) => {
    const layer = (h, i, stride, pad, groups) =>
      nn.relu(conv(h, p[2 * i], { stride, pad, groups }).add(p[2 * i + 1].reshape([1, -1, 1, 1])));
    const dense = (h, i) => np.matmul(h, p[2 * i]).add(p[2 * i + 1]);
    const drop = (h, i) =>
      key ? h.mul(jaxRandom.bernoulli(jaxRandom.key(i), 0.5, h.shape).astype(np.float32).mul(2)) : h;
    let h = pool(responseNorm(layer(x, 0, 4, 0, 1), response), 3, 2);
    h = pool(responseNorm(layer(h, 1, 1, 2, 2), response), 3, 2);
    h = layer(layer(layer(h, 2, 1, 1, 1), 3, 1, 1, 2), 4, 1, 1, 2);
    h = pool(h, 3, 2).reshape([batch, 9216]);
    h = drop(nn.relu(dense(h, 5)), 1);
    return dense(drop(nn.relu(dense(h, 6)), 2), 7);
  };
  const x = random(batch, 3, 227, 227);
  const target = nn.oneHot(np.array(Int32Array.from({ length: batch }, (_, i) => i)), classes);
  if (kind === 'alexnet_forward') return timed([x, ...parameters()], (a, ...p) => forward(p, a, false));
  const loss = (p, a, t) => np.mean(np.sum(nn.logSoftmax(forward(p, a, true)).mul(t), 1)).mul(-1);
  const step = jit((p, v, a, t) => {
    const [value, grads] = valueAndGrad(loss)(
      p.map((w) => w.ref),
      a,
      t,
    );
    const velocity = v.map((old, i) => old.mul(0.9).add(grads[i]));
    return [p.map((w, i) => w.sub(velocity[i].ref.mul(1e-3))), velocity, value];
  });
  let state = [parameters(), shapes.flatMap((s) => [np.zeros(s), np.zeros([s.length === 4 ? s[0] : s[1]])]), null];
  const run = () => {
    state[2]?.dispose();
    state = step(state[0], state[1], x.ref, target.ref);
  };
  return { run, wait: () => blockUntilReady(state) };
}

function optimizer({ kind, count }) {
  const zeros = () => np.zeros([count]);
  if (kind === 'sgd_step') {
    return timed([random(count), random(count), zeros()], (p, g, v) => {
      const velocity = v.mul(0.9).add(g).add(p.ref.mul(5e-4));
      return [p.sub(velocity.ref.mul(0.01)), velocity];
    });
  }
  return timed([random(count), random(count), zeros(), zeros()], (p, g, m, v) => {
    const first = m.mul(0.9).add(g.ref.mul(0.1));
    const second = v.mul(0.999).add(np.square(g).mul(0.001));
    const change = first.ref.mul(1e-2).div(np.sqrt(second.ref.mul(1000)).add(1e-8));
    return [p.sub(change), first, second];
  });
}

function prepare(job) {
  const { kind, m, n, k, transA, transB, count, p, batch, channels, side, classes, rows, columns } = job;
  if (kind.startsWith('conv_')) return convolution(job);
  if (kind.startsWith('pool_')) return pooling(job);
  if (kind.startsWith('lrn_')) return eitherWay(kind, [batch, channels, side, side], (x) => responseNorm(x, job));
  if (kind.startsWith('batchnorm_')) return eitherWay(kind, [batch, channels, side, side], batchNorm);
  if (kind.startsWith('relu_')) return eitherWay(kind, [count], (x) => nn.relu(x));
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
      return timed([a, b], (x, y) => np.matmul(transA ? np.transpose(x) : x, transB ? np.transpose(y) : y));
    }
    case 'dropout_forward':
      return timed([random(count)], (x) =>
        x.mul(
          jaxRandom
            .bernoulli(jaxRandom.key(1), 1 - p, [count])
            .astype(np.float32)
            .mul(1 / (1 - p)),
        ),
      );
    case 'reduce_sum':
      return timed([random(rows, columns)], (x) => np.sum(x, 1));
    case 'cross_entropy': {
      const target = nn.oneHot(np.array(Int32Array.from({ length: batch }, (_, i) => (i * 37) % classes)), classes);
      return timed([random(batch, classes), target], (x, t) => {
        const [value, dx] = valueAndGrad((v) => np.mean(np.sum(nn.logSoftmax(v).mul(t.ref), 1)).mul(-1))(x);
        t.dispose();
        return [value, dx];
      });
    }
    default:
      throw new Error(`no such job for jax-js: ${kind}`);
  }
}

await runJobs(file, prepare);
