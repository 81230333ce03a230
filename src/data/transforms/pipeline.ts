// Lists of transforms: looked at once, then drawn and applied picture by picture.
import { showValue, UsageError } from '../../errors.js';
import { checkOptions, meant, type Rules, required, whole } from '../../options.js';
import { Random } from '../random.js';
import { colourShiftKind } from './colour-shift.js';
import { centerCropKind, fiveCropKind, randomCropKind, tenCropKind } from './crop.js';
import { randomErasingKind } from './erasing.js';
import { horizontalFlipKind, verticalFlipKind } from './flip.js';
import { colorJitterKind } from './jitter.js';
import { checkKind, type Kind, spoken, type Transform } from './kind.js';
import { normalizeKind, toTensorKind } from './numbers.js';
import { checkPlanes, type Picture, type Size } from './picture.js';
import { applyPoints, type Point } from './points.js';
import { randAugmentKind } from './rand-augment.js';
import { randomResizedCropKind, resizeKind } from './resize.js';

const ALL: readonly Kind<object, unknown>[] = [
  ...[resizeKind, randomResizedCropKind, randomCropKind, centerCropKind, fiveCropKind, tenCropKind],
  ...[horizontalFlipKind, verticalFlipKind, colorJitterKind, randAugmentKind],
  ...[toTensorKind, colourShiftKind, normalizeKind, randomErasingKind],
];
/** By torchvision's names. */
export const KINDS: ReadonlyMap<string, Kind<object, unknown>> = new Map(ALL.map((kind) => [kind.name, kind]));

/** What does the work of a transform that was looked at. */
const kindOf = ({ name }: Transform): Kind<object, unknown> => KINDS.get(name)!;

/** Whether it leaves something to chance. */
export const draws = (transform: Transform): boolean => kindOf(transform).draw !== undefined;

function checkTransform(where: string, transform: Transform): void {
  const { name, options } = transform ?? {};
  if (typeof name !== 'string' || typeof options !== 'object') {
    throw new UsageError(`${where}: a transform is what resize, normalize, ... make, got ${showValue(transform)}`);
  }
  const kind = KINDS.get(name);
  if (!kind) throw new UsageError(`${where}: there is no transform '${name}'; ${meant(name, [...KINDS.keys()])}`);
  checkKind(kind, options);
}

/**
 * @internal Looks at a list of transforms, and at what each is given by the one before. Whether numbers come of it, not bytes.
 * @throws UsageError for transforms that make no sense, or not in this order.
 */
export function checkTransforms(where: string, transforms: readonly Transform[], ofNumbers = false): boolean {
  if (!Array.isArray(transforms)) throw new UsageError(`${where}: transforms are a list, got ${showValue(transforms)}`);
  let numbers = ofNumbers;
  for (const transform of transforms as readonly Transform[]) {
    checkTransform(where, transform);
    checkOrder(where, transform, numbers);
    numbers ||= transform.name === toTensorKind.name;
  }
  return numbers;
}

function checkOrder(where: string, transform: Transform, numbers: boolean): void {
  const { name, takes } = kindOf(transform);
  if (takes === 'numbers' && !numbers)
    throw new UsageError(`${where}: ${spoken(name)} takes the numbers that toTensor makes, not bytes`);
  if (takes === 'bytes' && numbers)
    throw new UsageError(`${where}: ${spoken(name)} takes bytes, not the numbers that toTensor makes`);
}

const SIZE_RULES: Rules<Size> = { width: required(whole(1)), height: required(whole(1)) };

function checkRandom(where: string, random: Random): void {
  if (!(random instanceof Random)) throw new UsageError(`${where}: random is a Random, got ${showValue(random)}`);
}

/** @internal What comes of a picture of a size: [pictures, 3, height, width]. @throws DataError if it is too small. */
export function transformedShape(transforms: readonly Transform[], from: Size): readonly number[] {
  let [size, crops] = [from, 1];
  for (const transform of transforms) {
    const kind = kindOf(transform);
    size = kind.size?.(transform.options, size) ?? size;
    crops *= kind.crops ?? 1;
  }
  return [crops, 3, size.height, size.width];
}

/**
 * All that a transform leaves to chance for a picture of a size, as plain data; null where nothing is.
 * @throws UsageError for a transform that makes no sense, DataError if such a picture is too small.
 */
export function drawTransform(transform: Transform, size: Size, random: Random): unknown {
  checkTransform('drawTransform', transform);
  checkOptions('drawTransform', { width: size?.width, height: size?.height }, SIZE_RULES);
  checkRandom('drawTransform', random);
  return draw(transform, size, random);
}

function draw(transform: Transform, size: Size, random: Random): unknown {
  const { options } = transform;
  const kind = kindOf(transform);
  kind.size?.(options, size); // throws if that is too small
  return kind.draw?.(options, size, random) ?? null;
}

/**
 * What a transform makes of a picture, with what was drawn for it: one picture, or five or ten. The one that it is given
 * stays as it is.
 * @throws UsageError for a transform that makes no sense or does not take such pictures, DataError if one is too small.
 */
export function applyTransform(transform: Transform, picture: Picture, drawn: unknown = null): Picture[] {
  const where = 'applyTransform';
  checkTransform(where, transform);
  checkPlanes(where, picture);
  checkOrder(where, transform, picture.planes instanceof Float32Array);
  const kind = kindOf(transform);
  kind.size?.(transform.options, picture);
  if (kind.draw && drawn === null) throw new UsageError(`${where}: ${spoken(kind.name)} needs what drawTransform drew`);
  if (kind.drawn) checkOptions(spoken(kind.name), drawn as object, kind.drawn as Rules<object>);
  const { options } = transform;
  return kind.point
    ? [applyPoints(picture, [kind.point(options, drawn)])]
    : [kind.apply!(picture, options, drawn)].flat();
}

/**
 * Draws and applies transforms, one after the other: what torchvision's Compose does. Crops by fives and tens multiply the
 * pictures, and each then has its own draws.
 * @throws UsageError for transforms that make no sense, or not in this order, DataError if the picture is too small.
 */
export function transformPicture(transforms: readonly Transform[], picture: Picture, random: Random): Picture[] {
  checkPlanes('transformPicture', picture);
  checkTransforms('transformPicture', transforms, picture.planes instanceof Float32Array);
  checkRandom('transformPicture', random);
  return transformChecked(transforms, picture, random);
}

/** @internal `transformPicture` of what was looked at. */
export function transformChecked(transforms: readonly Transform[], picture: Picture, random: Random): Picture[] {
  let one = picture;
  let points: Point[] = [];
  for (const [i, transform] of transforms.entries()) {
    const kind = kindOf(transform);
    const drawn = draw(transform, one, random);
    if (kind.point) {
      points.push(kind.point(transform.options, drawn));
      continue;
    }
    const made = kind.apply!(applyPoints(one, points), transform.options, drawn);
    if (Array.isArray(made)) return made.flatMap((crop) => transformChecked(transforms.slice(i + 1), crop, random));
    [one, points] = [made, []];
  }
  return [applyPoints(one, points)];
}
