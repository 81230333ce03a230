// Drawn stand-ins for photographs of cats and dogs: heads with pointed or hanging ears, in any colour, place, size
// and light, before noise. They show that training works where no photographs are at hand; they are not data.
import { checkOptions, required, whole } from '../options.js';
import { ImageDataset } from './dataset.js';
import { MemoryPixels } from './pixel-store.js';
import { mixKey, Random } from './random.js';
import { seedRule } from './rules.js';

type Colour = readonly [number, number, number];

/** Whether a point of the unit square belongs to a shape; shapes later in the list lie on top. */
interface Mark {
  inside(x: number, y: number): boolean;
  colour: Colour;
}

const ellipse = (cx: number, cy: number, rx: number, ry: number, tilt = 0) => {
  const [c, s] = [Math.cos(tilt), Math.sin(tilt)];
  return (x: number, y: number): boolean => {
    const [dx, dy] = [x - cx, y - cy];
    return ((c * dx + s * dy) / rx) ** 2 + ((c * dy - s * dx) / ry) ** 2 < 1;
  };
};

const triangle = (points: readonly (readonly [number, number])[]) => (x: number, y: number) => {
  const side = ([ax, ay]: readonly [number, number], [bx, by]: readonly [number, number]) =>
    (bx - ax) * (y - ay) - (by - ay) * (x - ax);
  const signs = points.map((p, i) => side(p, points[(i + 1) % 3]) > 0);
  return signs.every(Boolean) || !signs.some(Boolean);
};

function draw(isDog: boolean, size: number, random: Random, out: Uint8Array): void {
  const between = (low: number, high: number) => low + (high - low) * random.unit();
  const colour = (): Colour => [between(20, 235), between(20, 235), between(20, 235)];
  const [ground, sky, fur, dark] = [colour(), colour(), colour(), colour().map((v) => v * 0.4) as unknown as Colour];
  const r = between(0.16, 0.3);
  const [x, y] = [between(r, 1 - r), between(r * 1.5, 1 - r)];
  const lean = between(-0.3, 0.3);
  const marks: Mark[] = [];
  for (const side of [-1, 1]) {
    const ear = isDog
      ? ellipse(x + side * r * 0.95, y + r * 0.1, r * 0.3, r * between(0.6, 0.9), side * between(0, 0.4) + lean)
      : triangle([
          [x + side * r * 0.25, y - r * 0.8],
          [x + side * r * 0.95, y - r * 0.35],
          [x + side * r * (0.8 + lean * 0.3), y - r * between(1.3, 1.7)],
        ]);
    marks.push({ inside: ear, colour: isDog ? dark : fur });
  }
  marks.push({ inside: ellipse(x, y, r, r * between(0.85, 1.1), lean), colour: fur });
  if (isDog)
    marks.push({
      inside: ellipse(x, y + r * 0.45, r * 0.5, r * 0.4),
      colour: fur.map((v) => Math.min(255, v * 1.25)) as unknown as Colour,
    });
  for (const side of [-1, 1])
    marks.push({ inside: ellipse(x + side * r * 0.4, y - r * 0.15, r * 0.13, r * 0.13), colour: dark });
  marks.push({ inside: ellipse(x, y + r * 0.3, r * (isDog ? 0.2 : 0.1), r * (isDog ? 0.15 : 0.08)), colour: dark });
  const distraction = {
    inside: ellipse(between(0, 1), between(0, 1), between(0.05, 0.2), between(0.05, 0.2)),
    colour: colour(),
  };
  paint([distraction, ...marks], ground, sky, size, random, out);
}

function paint(marks: Mark[], ground: Colour, sky: Colour, size: number, random: Random, out: Uint8Array): void {
  const plane = size * size;
  const horizon = random.unit();
  const light = 0.6 + 0.6 * random.unit();
  for (let i = 0; i < plane; i++) {
    const [px, py] = [((i % size) + 0.5) / size, (Math.floor(i / size) + 0.5) / size];
    let colour = py > horizon ? ground : sky;
    for (const mark of marks) if (mark.inside(px, py)) colour = mark.colour;
    const noise = (random.unit() - 0.5) * 60;
    for (let c = 0; c < 3; c++) out[c * plane + i] = Math.min(255, Math.max(0, colour[c] * light + noise));
  }
}

/**
 * `count` drawings of size x size pixels in classes 'cat' and 'dog', every other one a dog, the same for the same seed.
 * @throws UsageError unless all three are whole numbers and `size` is above 0.
 */
export function drawnStandIns(count: number, size: number, seed = 0): ImageDataset {
  const rules = { count: required(whole()), size: required(whole(1)), seed: seedRule };
  checkOptions('drawnStandIns', { count, size, seed }, rules);
  const pixels = MemoryPixels.room(count, size, 'drawnStandIns');
  const labels = Int32Array.from({ length: count }, (_, i) => i % 2);
  const classes = ['cat', 'dog'];
  for (let i = 0; i < count; i++) {
    draw(labels[i] === 1, size, new Random(mixKey(seed, i)), pixels.read(i));
  }
  const names = Array.from(labels, (label, i) => `drawn ${classes[label]} ${i}`);
  return new ImageDataset(pixels, size, classes, labels, names);
}
