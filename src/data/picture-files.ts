// Pictures from files that a page was given: dropped, chosen or fetched. src/node/image-folder.ts is Node's.
import { DataError, showValue, UsageError } from '../errors.js';
import { callback, checkOptions, type Rules, whole } from '../options.js';
import { type DamagedFile, ImageDataset, withoutPictures } from './dataset.js';
import { prepare, type RgbImage } from './image.js';
import { MemoryPixels } from './pixel-store.js';

/** A picture as a page gets it, and its class. */
export interface PictureFile {
  /** Its bytes: a File is a Blob. */
  file: Blob;
  /** For messages, and `ImageDataset.name`. */
  name: string;
  /** The class, such as 'cat'. */
  label: string;
}

/** What `loadPictureFiles` could read. */
export interface PictureFiles {
  /** The pictures that could be read. */
  dataset: ImageDataset;
  /** Files that were left out, and why; so are classes without a picture. */
  damaged: DamagedFile[];
}

/** Larger pictures are brought to this many pixels while they are decoded. */
const MOST_PIXELS = 4e6;

/**
 * Decodes a picture with the browser's own decoders, upright, on white where it is transparent. For pages and their
 * workers; Node has `decodeImage` in `wgrad/node`.
 * @throws DataError if the browser cannot read it, UsageError where there is no browser or `file` is no Blob.
 */
export async function decodePicture(file: Blob, name = 'picture'): Promise<RgbImage> {
  if (!(file instanceof Blob)) throw new UsageError(`decodePicture: takes a Blob or File, got ${showValue(file)}`);
  if (typeof createImageBitmap === 'undefined')
    throw new UsageError("decodePicture: needs a browser's decoders; Node has decodeImage in wgrad/node");
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch (error) {
    throw new DataError(`${name}: not a picture that this browser can read`, { cause: error });
  }
  try {
    return pixelsOf(bitmap);
  } finally {
    bitmap.close();
  }
}

/** The pixels of anything that a canvas can draw and that knows its size: a bitmap, a canvas, a video frame. */
export function pixelsOf(source: ImageBitmap | OffscreenCanvas | HTMLCanvasElement): RgbImage {
  const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (source.width * source.height)));
  const [width, height] = [source.width, source.height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(source, 0, 0, width, height);
  const { data: rgba } = context.getImageData(0, 0, width, height);
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
    data[to] = rgba[from];
    data[to + 1] = rgba[from + 1];
    data[to + 2] = rgba[from + 2];
  }
  return { width, height, data };
}

/** How `loadPictureFiles` makes pictures of files. */
export interface PictureFilesOptions {
  /** Shorter side after scaling, and side of the central square. Default 256. */
  size?: number;
  /** Called after each file. */
  onProgress?: (done: number, total: number) => void;
}

const RULES: Rules<PictureFilesOptions> = { size: whole(1), onProgress: callback };

/**
 * A data set from files in a page, as `loadImageFolder` makes one from a folder in Node: the shorter side scaled to `size`
 * (default 256), the central square kept; classes in alphabetical order. Files that cannot be read are left out and
 * reported; so are classes of which none can.
 * @throws DataError if none can be read, or all are more than memory can hold; UsageError for options that make no sense.
 */
export async function loadPictureFiles(
  files: readonly PictureFile[],
  options: PictureFilesOptions = {},
): Promise<PictureFiles> {
  checkOptions('loadPictureFiles', options, RULES);
  checkFiles(files);
  const { size = 256, onProgress } = options;
  const pixels = MemoryPixels.room(files.length, size, 'loadPictureFiles');
  const good: number[] = [];
  const damaged: PictureFiles['damaged'] = [];
  for (const [i, { file, name }] of files.entries()) {
    try {
      pixels.read(i).set(prepare(await decodePicture(file, name), size));
      good.push(i);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      damaged.push({ file: name, reason: error.message.replace(`${name}: `, '') });
    }
    onProgress?.(i + 1, files.length);
  }
  if (good.length === 0) throw new DataError(`none of the ${files.length} files is a picture that can be read`);
  const own = files.map(({ label }) => label.normalize('NFC')); // one way to write accents
  const classes = [...new Set(own)].sort();
  const places = new Map(classes.map((name, i) => [name, i]));
  const labels = Int32Array.from(own, (label) => places.get(label)!);
  const names = files.map(({ name }) => name);
  const dataset = new ImageDataset(pixels, size, classes, labels, names, Int32Array.from(good));
  return { dataset, damaged: [...damaged, ...withoutPictures(dataset)] };
}

function checkFiles(files: readonly PictureFile[]): void {
  if (!Array.isArray(files)) throw new UsageError(`loadPictureFiles: takes a list of files, got ${showValue(files)}`);
  const wrong = files.findIndex(
    (entry) => !(entry?.file instanceof Blob && typeof entry.name === 'string' && typeof entry.label === 'string'),
  );
  if (wrong >= 0)
    throw new UsageError(`loadPictureFiles: file ${wrong} is no { file, name, label } of a Blob and two texts`);
}
