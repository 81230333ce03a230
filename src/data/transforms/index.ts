// torchvision's transforms, on the host.
export {
  type AffineOptions,
  rotate,
  shearX,
  shearY,
  translateX,
  translateY,
} from './affine.js';
export { type ColourShiftOptions, colourShift } from './colour-shift.js';
export { adjustBrightness, adjustContrast, adjustSaturation, adjustSharpness } from './colours.js';
export {
  centerCrop,
  fiveCrop,
  type RandomCropOptions,
  randomCrop,
  type TenCropOptions,
  tenCrop,
} from './crop.js';
export { type RandomErasingOptions, randomErasing } from './erasing.js';
export { type ChanceOptions, randomHorizontalFlip, randomVerticalFlip } from './flip.js';
export { adjustHue } from './hue.js';
export { type ColorJitterOptions, colorJitter } from './jitter.js';
export type { Transform } from './kind.js';
export { normalize, toTensor } from './numbers.js';
export type { Padding, PaddingMode } from './pad.js';
export { type Box, type Picture, pictureOf, type Size } from './picture.js';
export { applyTransform, drawTransform, transformPicture } from './pipeline.js';
export { type RandAugmentOptions, randAugment } from './rand-augment.js';
export type { Interpolation } from './resample.js';
export { type RandomResizedCropOptions, type ResizeOptions, randomResizedCrop, resize } from './resize.js';
export type { Fill, Range, Sides } from './rules.js';
export { autocontrast, equalize, posterize, solarize } from './tones.js';
