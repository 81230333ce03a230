// What a transform is: plain data, and by its name what it draws and what it does.
import { checkOptions, type Rules } from '../../options.js';
import type { Random } from '../random.js';
import type { Picture, Size } from './picture.js';
import type { Point } from './points.js';

/**
 * A transform as plain data: it can be posted to threads, compared and saved. The functions of torchvision's names make
 * them (`randomResizedCrop(115)`), and a list of them is what `Compose` is there.
 */
export interface Transform {
  /** torchvision's: 'RandomResizedCrop'. */
  readonly name: string;
  /** What it was made with. */
  readonly options: object;
}

/** What transforms of one name do, with options O and drawn parameters D. */
export interface Kind<O extends object, D = null> {
  /** torchvision's. */
  name: string;
  rules: Rules<O>;
  /** What rules for one option at a time cannot say. @throws UsageError. */
  check?(options: O): void;
  /** Bytes, or the numbers that toTensor makes of them. Default: either. */
  takes?: 'bytes' | 'numbers';
  /** Pictures that come of one. Default 1. */
  crops?: number;
  /** The size that a picture has afterwards. Default: as before. @throws DataError if it is too small. */
  size?(options: O, size: Size): Size;
  /** All that is left to chance, as plain data that keeps the rules of `drawn`. */
  draw?(options: O, size: Size, random: Random): D;
  drawn?: Rules<NonNullable<D>>;
  /** Never changes the picture that it is given, but may give it back. */
  apply?(picture: Picture, options: O, drawn: D): Picture | Picture[];
  /** In place of `apply`, where each number is changed by itself; it gives numbers. */
  point?(options: O, drawn: D): Point;
}

/** The function's name, for messages: 'randomResizedCrop'. */
export const spoken = (name: string): string => name[0].toLowerCase() + name.slice(1);

/** @throws UsageError for options that make no sense. */
export function checkKind<O extends object, D>(kind: Kind<O, D>, options: O): void {
  checkOptions(spoken(kind.name), options, kind.rules);
  kind.check?.(options);
}

/** @throws UsageError for options that make no sense. */
export function transform<O extends object, D>(kind: Kind<O, D>, options: O): Transform {
  checkKind(kind, options);
  return { name: kind.name, options };
}
