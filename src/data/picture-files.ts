// Pictures from files that a page was given: dropped, chosen or fetched. src/node/image-folder.ts is Node's.
import { DataError } from '../device/errors.js';
import { type DamagedFile, ImageDataset } from './dataset.js';
import { prepare, type RgbImage } from './image.js';

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
  /** Files that were left out, and why. */
  damaged: DamagedFile[];
}

/** Larger pictures are brought to this many pixels while they are decoded. */
const MOST_PIXELS = 4e6;

/**
 * Decodes a picture with the browser's own decoders, upright, on white where it is transparent. For pages and their
 * workers; Node has `decodeImage` in `wgrad/node`.
 * @throws DataError if the browser cannot read it.
 */
export async function decodePicture(file: Blob, name = 'picture'): Promise<RgbImage> {
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

/**
 * A data set from files in a page, as `loadImageFolder` makes one from a folder in Node: the shorter side scaled to `size`
 * (default 256), the central square kept; classes in alphabetical order. Files that cannot be read are left out and
 * reported.
 * @throws DataError if none can be read.
 */
export async function loadPictureFiles(
  files: readonly PictureFile[],
  { size = 256, onProgress }: { size?: number; onProgress?: (done: number, total: number) => void } = {},
): Promise<PictureFiles> {
  const classes = [...new Set(files.map(({ label }) => label))].sort();
  const image = 3 * size * size;
  const bytes = new Uint8Array(files.length * image);
  const good: number[] = [];
  const damaged: PictureFiles['damaged'] = [];
  for (const [i, { file, name }] of files.entries()) {
    try {
      bytes.set(prepare(await decodePicture(file, name), size), i * image);
      good.push(i);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      damaged.push({ file: name, reason: error.message.replace(`${name}: `, '') });
    }
    onProgress?.(i + 1, files.length);
  }
  if (good.length === 0) throw new DataError(`none of the ${files.length} files is a picture that can be read`);
  const labels = Int32Array.from(files, ({ label }) => classes.indexOf(label));
  const names = files.map(({ name }) => name);
  return { dataset: new ImageDataset(bytes, size, classes, labels, names, Int32Array.from(good)), damaged };
}
