// Several folders as one set of pictures, and the pictures of given classes.
import { closeSync, openSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { DataError } from '../errors.js';
import { type Listing, listPictures } from './list-pictures.js';

/**
 * The pictures of all folders, whose paths begin at the folder around them; of files with the same bytes the first is
 * taken. With `classes`, labels are places in that list, and pictures of other classes are left out.
 * @throws DataError as `listPictures`, if one folder lies in another, or if no picture is of one of the classes.
 */
export function listFolders(roots: readonly string[], classes?: readonly string[]): Listing {
  const listings = roots.map(listPictures);
  const all = listings.length === 1 ? listings[0] : withoutCopies(united(listings));
  return classes ? among(classes, all) : all;
}

/** Some of a listing's pictures, by their place in it. */
export function pick(listing: Listing, places: readonly number[]): Listing {
  const files = places.map((i) => listing.files[i]);
  return { ...listing, files, labels: Int32Array.from(places, (i) => listing.labels[i]) };
}

function united(listings: readonly Listing[]): Listing {
  checkApart(listings.map(({ folder }) => folder));
  const around = commonFolder(listings.map(({ folder }) => resolve(folder)));
  const classes = [...new Set(listings.flatMap((listing) => listing.classes))].sort();
  const parts = listings.map(({ folder, classes: own, files, labels, left }) => {
    const below = relative(around, resolve(folder)).replaceAll(sep, '/');
    const path = (file: string) => (below ? `${below}/${file}` : file);
    const places = own.map((name) => classes.indexOf(name));
    return {
      files: files.map(path),
      labels: Array.from(labels, (label) => places[label]),
      left: left.map(({ file, reason }) => ({ file: path(file), reason })),
    };
  });
  return {
    folder: relative('', around) || '.',
    classes,
    files: parts.flatMap(({ files }) => files),
    labels: Int32Array.from(parts.flatMap(({ labels }) => labels)),
    left: parts.flatMap(({ left }) => left),
  };
}

/** @throws DataError if a folder is another one, or lies in it. */
function checkApart(folders: readonly string[]): void {
  const places = folders.map((folder) => realpathSync(folder) + sep);
  for (const [i, inner] of places.entries()) {
    const outer = places.findIndex((place, j) => j !== i && inner.startsWith(place));
    if (outer < 0) continue;
    const how = places[outer] === inner ? 'is given twice' : `lies in ${folders[outer]}, which is given, too`;
    throw new DataError(`${folders[i]}: ${how}`);
  }
}

/** The innermost folder that all lie in. */
function commonFolder(paths: readonly string[]): string {
  let common = dirname(paths[0]);
  while (!paths.every((path) => path.startsWith(common.endsWith(sep) ? common : common + sep)))
    common = dirname(common);
  return common;
}

function withoutCopies(listing: Listing): Listing {
  const { folder, classes, files, labels, left } = listing;
  const copies = copiesAmong(files.map((file) => `${folder}/${file}`));
  const named = [...copies].map(([copy, first]) => {
    const otherwise = labels[first] === labels[copy] ? '' : `, which is of class ${classes[labels[first]]}`;
    return { file: files[copy], reason: `the same picture as ${files[first]}${otherwise}` };
  });
  const places = [...files.keys()].filter((i) => !copies.has(i));
  return { ...pick(listing, places), left: [...left, ...named] };
}

const SAMPLE_BYTES = 1024;

/** Which files have the same bytes as an earlier one, by place, and which that is. */
function copiesAmong(paths: readonly string[]): Map<number, number> {
  const copies = new Map<number, number>();
  const all = [...paths.keys()];
  const sizes = grouped(all, (i) => statSync(paths[i]).size);
  for (const [size, alike] of sizes) {
    const same = grouped(alike, (i) => sampleOf(paths[i], size));
    for (const candidates of same.values()) {
      const whole = grouped(candidates, (i) => readFileSync(paths[i], 'latin1'));
      for (const [first, ...others] of whole.values()) for (const copy of others) copies.set(copy, first);
    }
  }
  return copies;
}

/** The groups of two and more that have a key in common; what cannot be read is in none. */
function grouped<K>(places: readonly number[], keyOf: (place: number) => K): Map<K, number[]> {
  const groups = new Map<K, number[]>();
  for (const place of places) {
    let key: K;
    try {
      key = keyOf(place);
    } catch {
      continue; // decoding says why
    }
    const group = groups.get(key);
    if (group) group.push(place);
    else groups.set(key, [place]);
  }
  for (const [key, group] of groups) if (group.length === 1) groups.delete(key);
  return groups;
}

/** Bytes from a file's middle: photographs begin and end alike. */
function sampleOf(path: string, size: number): string {
  const bytes = Buffer.alloc(Math.min(size, SAMPLE_BYTES));
  const handle = openSync(path, 'r');
  try {
    readSync(handle, bytes, 0, bytes.length, Math.floor((size - bytes.length) / 2));
  } finally {
    closeSync(handle);
  }
  return bytes.toString('latin1');
}

/** The pictures of these classes, in this order of labels. */
function among(classes: readonly string[], listing: Listing): Listing {
  const { folder, classes: own, labels } = listing;
  const counts = own.map(() => 0);
  for (const label of labels) counts[label]++;
  const places = own.map((name) => classes.indexOf(name));
  const known = [...labels.keys()].filter((i) => places[labels[i]] >= 0);
  if (known.length === 0)
    throw new DataError(`${folder}: no picture is of one of the classes ${some(classes)}; there are ${some(own)}`);
  const others = own.flatMap((file, label) => {
    const pictures = `${counts[label]} ${counts[label] === 1 ? 'picture' : 'pictures'}`;
    return places[label] < 0 ? [{ file, reason: `not one of the classes (${pictures})` }] : [];
  });
  const picked = pick(listing, known);
  return {
    ...picked,
    classes: [...classes],
    labels: picked.labels.map((label) => places[label]),
    left: [...listing.left, ...others],
  };
}

const some = (names: readonly string[]) => names.slice(0, 5).join(', ') + (names.length > 5 ? ', ...' : '');
