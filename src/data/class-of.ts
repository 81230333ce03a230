/** Kaggle's names: class, number, extension. */
const KAGGLE_NAME = /^([^.]+)\.\d+\.[^.]+$/;

/**
 * The class of a picture by its path below the data's folder: the first folder, or else what its name begins with
 * (`cat.1.jpg`, `cat_01.png`: cat).
 */
export function classOf(path: string): string {
  if (path.includes('/')) return path.split('/')[0];
  return KAGGLE_NAME.exec(path)?.[1] ?? path.split(/[._-]/)[0];
}
