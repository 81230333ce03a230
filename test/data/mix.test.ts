// mixup and cutmix against torchvision's lines, and what they draw.
import * as assert from 'uvu/assert';
import { type BatchDraw, cutmix, mixup, Random } from '../../src/data/index.js';
import { WgradError } from '../../src/errors.js';
import { suite } from '../support/suite.js';
import { CUT, MIXED } from './pytorch.js';

const test = suite('data/mix');

const SHAPE = [4, 2, 5, 6];
const images = {
  data: Float32Array.from({ length: 240 }, (_, i) => ((i * 37 + 11) % 101) / 8 - 6),
  shape: SHAPE,
};
const labels = Int32Array.of(2, 0, 0, 1);
const batch = { images, labels, indices: Int32Array.of(9, 8, 7, 6) };

/** Draws these numbers, one after the other. */
function drawing(share: number, ...wholes: number[]): BatchDraw {
  const random = { beta: () => share, below: () => wholes.shift() } as unknown as Random;
  return { epoch: 0, batch: 0, random, classes: 3 };
}

test('mixup: the bits of PyTorch', () => {
  for (const [share, pictures, soft] of MIXED) {
    const mixed = mixup()(batch, drawing(share));
    assert.equal([mixed.images.shape, mixed.labels.shape], [SHAPE, [4, 3]]);
    assert.equal([...mixed.images.data], pictures);
    assert.equal([...mixed.labels.data], soft);
    assert.is(mixed.indices, batch.indices);
  }
});

test('cutmix: the bits of PyTorch, at the edges too', () => {
  for (const [share, x, y, pictures, soft] of CUT) {
    const mixed = cutmix()(batch, drawing(share, x, y));
    assert.equal([mixed.images.shape, mixed.labels.shape], [SHAPE, [4, 3]]);
    assert.equal([...mixed.images.data], pictures);
    assert.equal([...mixed.labels.data], soft);
  }
});

test('the batch that comes in stays as it is', () => {
  const before = [images.data.slice(), labels.slice()];
  mixup()(batch, drawing(0.3));
  cutmix()(batch, drawing(0.3, 2, 2));
  assert.equal([images.data, labels], before);
});

test('a batch of one is itself, whatever is drawn', () => {
  const one = { images: { data: images.data.slice(0, 60), shape: [1, 2, 5, 6] }, labels: Int32Array.of(2) };
  for (const mixed of [mixup()(one, drawing(0.5)), cutmix()(one, drawing(0.5, 2, 2))]) {
    assert.equal(mixed.images.data, one.images.data);
    assert.equal([...mixed.labels.data], [0, 0, 1]);
  }
});

test('labels may be host tensors, bytes, or probabilities of an earlier mix; names are the batch’s own', () => {
  const soft = mixup()(batch, drawing(0.3)).labels;
  const named = (y: object) => ({ x: images, y: y as typeof soft });
  const mix = mixup({ inputs: 'x', labels: 'y', classes: 3 });
  const draw = { ...drawing(0.3), classes: undefined };
  assert.equal(mix(named({ data: labels, shape: [4] }), draw).y, soft);
  assert.equal(mix(named({ data: Uint8Array.from(labels), shape: [4] }), draw).y, soft);
  const twice = mixup({ inputs: 'x', labels: 'y' })(named(soft), { ...drawing(1), classes: undefined });
  assert.equal(twice.y, soft);
});

test('alpha decides the shares: the beta distribution’s own, for alpha of 1/2, 1 and 2', () => {
  const closed: [number, (x: number) => number][] = [
    [0.5, (x) => (2 / Math.PI) * Math.asin(Math.sqrt(x))],
    [1, (x) => x],
    [2, (x) => 3 * x * x - 2 * x ** 3],
  ];
  const count = 20_000;
  for (const [alpha, upTo] of closed) {
    const random = new Random(7);
    const drawn = Float64Array.from({ length: count }, () => random.beta(alpha)).sort();
    assert.ok(drawn[0] >= 0 && drawn[count - 1] <= 1);
    const farthest = Math.max(...drawn.map((x, i) => Math.abs(upTo(x) - (i + 0.5) / count)));
    assert.ok(farthest < 1.63 / Math.sqrt(count), `alpha ${alpha}: ${farthest}`); // Kolmogorov and Smirnov, 1 %
  }
  const random = new Random(1);
  const extreme = Array.from({ length: 200 }, () => random.beta(1e-4));
  assert.ok(
    extreme.every((x) => x >= 0 && x <= 1 && Math.min(x, 1 - x) < 1e-3),
    'near 0 or 1, never NaN',
  );
  assert.ok(extreme.some((x) => x < 0.5) && extreme.some((x) => x > 0.5));
});

test('what cannot be mixed is refused by name', () => {
  const says = (call: () => unknown) => {
    try {
      call();
    } catch (error) {
      assert.instance(error, WgradError);
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
    return 'accepted';
  };
  assert.match(
    says(() => mixup({ alpha: 0 })),
    /^UsageError: mixup: alpha is a finite number above 0, got 0$/,
  );
  assert.match(says(() => cutmix({ Alpha: 1 } as object)), /^UsageError: cutmix: there is no option 'Alpha'; did you mean 'alpha'/); // biome-ignore format: one line
  const given = (more: object, mix = mixup(), draw: BatchDraw = drawing(0.5)) =>
    says(() => mix({ ...batch, ...more }, draw));
  assert.is(
    given({ images: undefined }),
    'DataError: mixup: batch.images is (batch, ...) of f32 numbers, got undefined; the batch has images, labels, indices',
  );
  assert.match(given({ images: { data: new Uint8Array(4), shape: [4] } }), /got Uint8Array \[4\]/);
  assert.match(given({ labels: Int32Array.of(0, 1) }), /^DataError: mixup: 4 images and 2 labels in a batch$/);
  assert.match(
    given({ labels: Int32Array.of(0, 1, 2, 3) }),
    /^DataError: mixup: a label is 3, the classes are 0 to 2$/,
  );
  assert.match(given({ labels: { data: new Float32Array(4), shape: [4] } }), /whole numbers or .*got Float32Array \[4\]/); // biome-ignore format: one line
  assert.match(given({}, mixup(), { ...drawing(0.5), classes: undefined }), /^UsageError: mixup: classes is missing/);
  const flat = { images: { data: new Float32Array(8), shape: [4, 2] } };
  assert.match(given(flat, cutmix()), /^DataError: cutmix: images are \(batch, ..., height, width\), got \[4, 2\]$/);
});

test.run();
