// Many small pictures on one canvas: filters, feature maps, examples.
import type { Planes } from './planes.js';

const GAP = 2;

/** Draws planes in a grid about as wide as it is told, `across` a row at most. Grey ones are drawn dark to light. */
export function drawSheet(canvas: HTMLCanvasElement, planes: Planes, across: number): void {
  const { count, channels, height, width, bytes } = planes;
  const columns = Math.min(across, count);
  const rows = Math.ceil(count / columns);
  const scale = Math.max(1, Math.round(800 / columns / width)); // crisp pixels: whole multiples
  const [cellWidth, cellHeight] = [width * scale + GAP, height * scale + GAP];
  canvas.width = columns * cellWidth - GAP;
  canvas.height = rows * cellHeight - GAP;
  const context = canvas.getContext('2d')!;
  const tile = new OffscreenCanvas(width, height);
  const tileContext = tile.getContext('2d')!;
  const pixels = tileContext.createImageData(width, height);
  context.imageSmoothingEnabled = false;
  const plane = width * height;
  for (let n = 0; n < count; n++) {
    const at = n * channels * plane;
    for (let i = 0; i < plane; i++) {
      const [red, green, blue] = channels === 3 ? [0, plane, 2 * plane] : [0, 0, 0];
      pixels.data.set([bytes[at + red + i], bytes[at + green + i], bytes[at + blue + i], 255], i * 4);
    }
    tileContext.putImageData(pixels, 0, 0);
    const [x, y] = [(n % columns) * cellWidth, Math.floor(n / columns) * cellHeight];
    context.drawImage(tile, x, y, width * scale, height * scale);
  }
}

/** The nth colour picture as a bitmap. */
export function bitmapOf({ height, width, bytes }: Planes, n: number): Promise<ImageBitmap> {
  const plane = width * height;
  const pixels = new ImageData(width, height);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) pixels.data[i * 4 + c] = bytes[(n * 3 + c) * plane + i];
    pixels.data[i * 4 + 3] = 255;
  }
  return createImageBitmap(pixels);
}
