// The pictures that torchvision's values are of; golden/transforms.py has the same function.
import type { Picture } from '../../src/data/index.js';
import { formula } from './formula.js';

const bytes = (count: number, salt: number): number[] =>
  Array.from(formula(count, salt, 1), (value) => Math.min(255, Math.floor((value + 1) * 128)));

const CELLS = 4096;
const [OF_CELL, KIND] = [bytes(3 * CELLS, 1), bytes(CELLS, 3)];

/** Cells of five pixels, a slope and noise; some cells are grey, and two in sixteen black or white. */
export function drawnPicture(width: number, height: number): Picture {
  const plane = width * height;
  const noise = bytes(3 * plane, 2);
  const planes = new Uint8Array(3 * plane);
  for (let i = 0; i < planes.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width) % height];
    const cell = Math.floor(y / 5) * 64 + Math.floor(x / 5);
    const kind = Math.floor(KIND[cell] / 16);
    const c = kind < 3 ? 0 : Math.floor(i / plane);
    const at = c * plane + (i % plane);
    const value = 2 * OF_CELL[c * CELLS + cell] + ((6 * x + 4 * y + 80 * c) % 256) + noise[at];
    planes[i] = kind === 3 ? 0 : kind === 4 ? 255 : Math.floor(value / 4);
  }
  return { width, height, planes };
}
