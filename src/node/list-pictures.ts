// The pictures below a folder and their classes; what is left out is named.
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, resolve, sep } from 'node:path';
import { classFolder, classOf } from '../data/class-of.js';
import type { DamagedFile } from '../data/dataset.js';
import { DataError } from '../errors.js';

export const PICTURE = /\.(jpe?g|jpe|jfif|png|apng)$/i;
export const OTHER_PICTURE = /\.(webp|gif|bmp|tiff?|heic|heif|avif|jxl|jp2|svg|psd|dng|cr2|nef|arw)$/i;

export interface Listing {
  /** What the files' paths begin at. */
  folder: string;
  /** In alphabetical order. */
  classes: string[];
  /** The pictures' paths below `folder`, in natural order: cat.2 before cat.10. */
  files: string[];
  /** The class of each. */
  labels: Int32Array;
  left: DamagedFile[];
}

/** Everything below a folder, by path; folders end in a slash. */
interface Tree {
  files: string[];
  folders: string[];
  left: DamagedFile[];
}

/**
 * The paths of all pictures below a folder, whatever their classes, and of what is left out.
 * @throws DataError if the folder cannot be read or holds no pictures.
 */
export function allPictures(root: string): { files: string[]; left: DamagedFile[] } {
  const { files, left } = walk(root);
  const at = (file: string) => `${root.replace(/\/+$/, '')}/${file}`;
  const pictures = files.filter((file) => PICTURE.test(file)).sort(naturally);
  const others = files.filter((file) => OTHER_PICTURE.test(file)).sort(naturally);
  if (pictures.length === 0) throw nonePictures(root, others);
  return {
    files: pictures.map(at),
    left: [...left, ...others.map(unread)].map(({ file, reason }) => ({ file: at(file), reason })),
  };
}

const nonePictures = (folder: string, others: readonly string[]) => {
  const instead = others.length > 0 ? `, only files such as ${others[0]}, which are not read` : '';
  return new DataError(`${folder}: holds no .jpg, .jpeg or .png files${instead}`);
};

const unread = (file: string): DamagedFile => ({
  file,
  reason: `a ${/[^.]*$/.exec(file)![0]} file; only JPEG and PNG are read`,
});

/** @throws DataError if the folder cannot be read or holds no pictures. */
export function listPictures(root: string): Listing {
  const tree = walk(root);
  const pictures = tree.files.filter((file) => PICTURE.test(file) || OTHER_PICTURE.test(file));
  const within = classFolder(pictures, basename(resolve(root)));
  const below = (path: string) => path.startsWith(within) && path.length > within.length;
  const rest = (path: string) => path.slice(within.length);
  const files = pictures
    .filter((file) => below(file) && PICTURE.test(file))
    .map(rest)
    .sort(naturally);
  const others = pictures
    .filter((file) => below(file) && !PICTURE.test(file))
    .map(rest)
    .sort(naturally);
  const folder = within ? `${root}/${within.slice(0, -1)}` : root;
  if (files.length === 0) throw nonePictures(folder, others);
  const own = files.map(classOf);
  const classes = [...new Set(own)].sort();
  const places = new Map(classes.map((name, i) => [name, i]));
  const left = [
    ...tree.left.filter(({ file }) => below(file)).map(({ file, reason }) => ({ file: rest(file), reason })),
    ...others.map(unread),
    ...emptyClasses(tree.folders.filter(below).map(rest), files, others),
  ];
  return { folder, classes, files, labels: Int32Array.from(own, (name) => places.get(name)!), left };
}

/** Folders that would be classes, if there were a picture in them. */
function emptyClasses(folders: string[], files: string[], others: string[]): DamagedFile[] {
  const tops = (list: string[]) => new Set(list.map((file) => file.slice(0, file.indexOf('/') + 1)));
  const [full, tried] = [tops(files), tops(others)];
  const byFolder = !full.has('');
  return folders
    .filter((folder) => folder.indexOf('/') === folder.length - 1 && !full.has(folder))
    .filter((folder) => byFolder || tried.has(folder))
    .map((folder) => ({ file: folder, reason: 'no picture in it can be read; it gives no class' }));
}

/** Follows links, but into no folder a second time. Hidden files and folders are passed over. */
function walk(root: string): Tree {
  const tree: Tree = { files: [], folders: [], left: [] };
  const home = real(root);
  const seen = new Set([home]);
  const links: string[] = [];
  const at = (path: string) => (path ? `${root}/${path}` : root);
  const leave = (file: string, reason: string) => void tree.left.push({ file, reason });
  const enter = (path: string) => {
    const place = real(at(path));
    const above = home.startsWith(place.endsWith(sep) ? place : place + sep);
    if (seen.has(place) || above) return leave(path, 'a folder that is read already, by another way');
    seen.add(place);
    tree.folders.push(path);
    read(path);
  };
  const read = (folder: string) => {
    for (const entry of list(at(folder))) {
      const path = folder + entry.name;
      if (entry.name.startsWith('.')) continue;
      if (entry.isSymbolicLink()) links.push(path);
      else if (entry.isDirectory()) attempt(`${path}/`, enter, leave);
      else if (entry.isFile()) tree.files.push(path);
      else if (PICTURE.test(path)) leave(path, 'neither a file nor a folder');
    }
  };
  read('');
  // After the folders themselves, so that a picture has the name of the place where it lies.
  for (const link of links) {
    attempt(link, (path) => (statSync(at(path)).isDirectory() ? enter(`${path}/`) : void tree.files.push(path)), leave);
  }
  return tree;
}

function attempt(path: string, visit: (path: string) => void, leave: (path: string, reason: string) => void): void {
  try {
    visit(path);
  } catch (error) {
    leave(path, (error as Error).message.replace(/^.*cannot be read/, 'cannot be read'));
  }
}

const real = (folder: string) => reading(folder, () => realpathSync(folder));
const list = (folder: string) => {
  const entries = reading(folder, () => readdirSync(folder, { withFileTypes: true }));
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
};

function reading<T>(folder: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new DataError(`${folder}: cannot be read as a folder (${(error as Error).message})`, { cause: error });
  }
}

const collator = new Intl.Collator('en', { numeric: true });
/** Names that differ in how their accents are written are equal to the collator. */
const naturally = (a: string, b: string) => collator.compare(a, b) || (a < b ? -1 : 1);
