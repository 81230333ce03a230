// Faults in torchvision's transforms.
import { type Fault, planted } from './fault.js';

const folder = 'src/data/transforms/';

const golden = planted('data/transforms/golden', [
  [
    `${folder}resample.ts`,
    'a shrinking filter reaches no farther than an enlarging one',
    'Math.max(scale, 1)',
    'Math.max(0 * scale, 1)',
  ],
  [`${folder}resample.ts`, 'the cubic reaches as far as the triangle', 'support: 2,', 'support: 1,'],
  [`${folder}resample.ts`, 'weights are cut off', 'share - 0.5 : share + 0.5', 'share : share'],
  [`${folder}resample.ts`, 'the nearest pixel is looked for from the corner', 'step * 0.5', 'step * 0'],
  [
    `${folder}rules.ts`,
    'sides are read as [width, height]',
    'width: sides[1], height: sides[0]',
    'width: sides[0], height: sides[1]',
  ],
  [`${folder}exact.ts`, 'halves are rounded up', '? up - 1 : up', '? up : up'],
  [`${folder}resize.ts`, 'the longer side is rounded', 'Math.floor((size * ', 'Math.round((size * '],
  [
    `${folder}pad.ts`,
    'a reflection repeats the border',
    'mirrored(place, length, length - 1)',
    'mirrored(place, length, length)',
  ],
  [
    `${folder}crop.ts`,
    'the second five crops are turned the other way',
    'verticalFlip ? flipRows',
    '!verticalFlip ? flipRows',
  ],
  [`${folder}jitter.ts`, 'colours are changed in the opposite order', 'steps.reduce(', 'steps.reduceRight('],
  [`${folder}hue.ts`, 'the circle of hues has 256 parts', 'trunc(factor * 255)', 'trunc(factor * 256)'],
  [
    `${folder}hue.ts`,
    'saturation is rounded',
    'trunc(fround(range / most) * 255)',
    'floor(fround(range / most) * 255 + 0.5)',
  ],
  [`${folder}colours.ts`, 'the mean lightness is cut off', 'sum / lightness.length + 0.5', 'sum / lightness.length'],
  [`${folder}colours.ts`, 'green and blue weigh the same', 'planes[2 * plane + i] * 7471', 'planes[plane + i] * 7471'],
  [`${folder}colours.ts`, 'blurring counts the middle like its neighbours', '+ 4 * planes[i]', '+ 0 * planes[i]'],
  [`${folder}tones.ts`, 'the threshold itself is left', 'byte < threshold', 'byte <= threshold'],
  [`${folder}tones.ts`, 'a byte’s own count raises it', 'counts[byte - 1]', 'counts[byte]'],
  [`${folder}affine.ts`, 'pictures turn with the clock', 'sinCos(-radians)', 'sinCos(radians)'],
  [`${folder}affine.ts`, 'pixels are picked from the corner', 'c + a * 0.5 + b * 0.5', 'c + 0 * a'],
  [`${folder}affine.ts`, 'two pixels are mixed in the opposite shares', '[x - 0.5 - left,', '[left + 1.5 - x,'],
  [`${folder}erasing.ts`, 'a part is erased in red alone', 'one ? c :', 'one ? 0 * c :'],
  [`${folder}numbers.ts`, 'the mean is not rounded to f32', 'value - fround(mean[c])', 'value - mean[c]'],
]);

const draws = planted('data/transforms/draws', [
  [
    `${folder}resize.ts`,
    'width and height of a part are exchanged',
    'const [width, height] = drawSides',
    'const [height, width] = drawSides',
  ],
  [
    `${folder}resize.ts`,
    'ratios are drawn evenly by themselves',
    'exp(between([log(ratio[0]), log(ratio[1])], random))',
    'exp(log(between(ratio, random)))',
  ],
  [`${folder}resize.ts`, 'a part is tried nine times', 'i < TRIES', 'i < TRIES - 1'],
  [
    `${folder}crop.ts`,
    'what is put around is not counted',
    'const { width, height } = paddings(options, from).reduce(padded, from);',
    'const { width, height } = from;',
  ],
  [
    `${folder}jitter.ts`,
    'the order of colours is always the same',
    'shuffled(NAMES, random)',
    'shuffled(NAMES, random).sort()',
  ],
  [
    `${folder}erasing.ts`,
    'height and width of what is erased are exchanged',
    'const [height, width] = drawSides',
    'const [width, height] = drawSides',
  ],
  [`${folder}rand-augment.ts`, 'signed ops go one way', 'random.below(2) === 1', 'random.below(2) === 2'],
  [
    `${folder}rand-augment.ts`,
    'the last op is never taken',
    'random.below(NAMES.length)',
    'random.below(NAMES.length - 1)',
  ],
  [
    `${folder}rand-augment.ts`,
    'the strongest is one too many',
    '(numMagnitudeBins - 1), size',
    'numMagnitudeBins, size',
  ],
]);

const pipeline = planted('data/transforms/pipeline', [
  [
    `${folder}points.ts`,
    'the table of red is used for all channels',
    'applyAll(points, BYTES, c)',
    'applyAll(points, BYTES, 0)',
  ],
  [
    'src/data/inputs.ts',
    'transforms draw the same in every epoch',
    'mixKey(how.seed, epoch, picture)',
    'mixKey(how.seed, 0 * epoch, picture)',
  ],
  ['src/data/inputs.ts', 'of ten inputs each overwrites the one before', 'at + i * planes.length', 'at + 0 * i'],
  [
    `${folder}pipeline.ts`,
    'numbers that were made before a flip are lost',
    'applyPoints(one, points), transform.options',
    'one, transform.options',
  ],
  [`${folder}pipeline.ts`, 'five crops do not count', 'crops *= kind.crops ?? 1', 'crops *= 1'],
  [
    `${folder}picture.ts`,
    'green and blue of a decoded picture are exchanged',
    'planes[plane + i] = data[at + 1]',
    'planes[plane + i] = data[at + 2]',
  ],
]);

export const transformFaults: readonly Fault[] = [...golden, ...draws, ...pipeline];
