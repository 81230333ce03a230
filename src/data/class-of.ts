// Which class a picture is of, by where it lies and what it is called.
import { DataError } from '../errors.js';

/** Kaggle's names: class, number, extension. */
const KAGGLE_NAME = /^([^.]+)\.\d+\.[^.]+$/;
/** What the parts of a data set are called; only the one for training is meant. */
const PART = /^(train|training|test|testing|val|valid|validation|dev|eval)\d*$/i;
const TRAINING = 'train';

/**
 * The class of a picture by its path below the data's folder: the first folder, or else what its name begins with
 * (`cat.1.jpg`, `cat_01.png`: cat). Accents are written in one way (NFC): archives of macOS have another.
 */
export function classOf(path: string): string {
  const own = path.includes('/') ? path.split('/')[0] : (KAGGLE_NAME.exec(path)?.[1] ?? beginning(path));
  return own.normalize('NFC');
}

const beginning = (name: string) => name.split(/[._-]+/).find((part) => part !== '') ?? name;

/**
 * The folder that holds the classes, of pictures at `paths` below a folder called `name`: '' for that folder itself, or a path
 * with a slash at its end. Archives wrap pictures: a folder with nothing beside it is looked through if it has the name of the
 * one around it, if it is called `train`, or if it has two or more classes itself; and so is `train` beside `test`, `val`
 * and the like.
 * @throws DataError if `train` could be both a class and a part of the data.
 */
export function classFolder(paths: readonly string[], name = ''): string {
  const tops = [...new Set(paths.map((path) => path.split('/')[0]))];
  if (paths.length === 0 || paths.some((path) => !path.includes('/'))) return '';
  const inside = (top: string) =>
    paths.filter((path) => path.startsWith(`${top}/`)).map((path) => path.slice(top.length + 1));
  const within = (top: string) => `${top}/${classFolder(inside(top), top)}`;
  if (tops.length === 1) {
    const [top] = tops;
    const wraps = [name, TRAINING].includes(top) || (!PART.test(top) && hasClasses(inside(top)));
    return wraps ? within(top) : '';
  }
  if (!tops.includes(TRAINING)) return '';
  const others = tops.filter((top) => !PART.test(top));
  if (others.length === 0) return within(TRAINING);
  if (!hasClasses(inside(TRAINING))) return '';
  throw new DataError(
    `${name || 'the folder'}: '${TRAINING}' has classes of its own and stands beside '${others[0]}': it may be a class or all of ` +
      'the data; name the folder that is meant',
  );
}

/** Whether folders, or Kaggle's names, tell two classes or more apart, here or in the only folder. */
function hasClasses(paths: readonly string[]): boolean {
  const flat = paths.filter((path) => !path.includes('/'));
  if (flat.length > 0 && !flat.every((path) => KAGGLE_NAME.test(path))) return false;
  const classes = new Set(paths.map(classOf));
  if (flat.length > 0 || classes.size !== 1) return classes.size > 1;
  return hasClasses(paths.map((path) => path.slice(path.indexOf('/') + 1)));
}
