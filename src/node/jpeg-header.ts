// What a JPEG says about itself before its picture begins: enough to refuse, with a reason, what jpeg-js would get wrong.

export interface JpegHeader {
  width: number;
  height: number;
  components: number;
  /** Adobe's colour transform: 0 none, 1 YCbCr, 2 YCCK; null without Adobe's marker. */
  adobeTransform: number | null;
}

/** In the first scan every block of 8 x 8 pixels takes at least one bit. */
const MAX_PIXELS_A_BYTE = 512;

/** A progressive file has about ten; each costs a pass over the picture. */
const MAX_SCANS = 100;

/** Scans times megapixels: ten scans of the largest picture. */
const MAX_WORK = 1000;

/** Kinds of JPEG that jpeg-js does not decode, by the low byte of their start-of-frame marker. */
const FOREIGN_FRAMES: Record<number, string> = {
  0xc3: 'a lossless JPEG',
  0xc5: 'a hierarchical JPEG',
  0xc6: 'a hierarchical JPEG',
  0xc7: 'a hierarchical JPEG',
  0xc9: 'an arithmetic-coded JPEG',
  0xca: 'an arithmetic-coded JPEG',
  0xcb: 'an arithmetic-coded JPEG',
  0xcd: 'an arithmetic-coded JPEG',
  0xce: 'an arithmetic-coded JPEG',
  0xcf: 'an arithmetic-coded JPEG',
};

/** Reads the segments up to the first scan. @throws Error with a reason for what cannot or should not be decoded. */
export function readJpegHeader(bytes: Uint8Array, maxMegapixels: number): JpegHeader {
  const header: JpegHeader = { width: 0, height: 0, components: 0, adobeTransform: null };
  let at = 2;
  for (;;) {
    while (at < bytes.length && !(bytes[at] === 0xff && bytes[at + 1] >= 0xc0 && bytes[at + 1] !== 0xff)) at++;
    const marker = bytes[at + 1];
    if (marker === 0xd9) throw new Error('a JPEG without a picture');
    const end = at + 2 + bytes[at + 2] * 256 + bytes[at + 3];
    if (!(end <= bytes.length)) throw new Error('cut off before its picture');
    const segment = bytes.subarray(at + 4, end);
    if (Object.hasOwn(FOREIGN_FRAMES, marker)) throw new Error(`${FOREIGN_FRAMES[marker]}, which is not supported`);
    if (marker >= 0xc0 && marker <= 0xc2) readFrame(segment, header, maxMegapixels);
    if (marker === 0xee && isAdobe(segment)) header.adobeTransform = segment[11];
    if (marker === 0xda) break;
    at = Math.max(end, at + 2);
  }
  if (header.components === 0) throw new Error('damaged in its header (the picture comes before its size)');
  let scans = 0;
  for (; at < bytes.length - 1; at++) if (bytes[at] === 0xff && bytes[at + 1] === 0xda) scans++;
  if (scans > MAX_SCANS) throw new Error(`a JPEG of ${scans} scans, more than ${MAX_SCANS}`);
  const { width, height } = header;
  const megapixels = (width * height) / 1e6;
  if (scans * megapixels > MAX_WORK)
    throw new Error(`a JPEG of ${scans} scans of ${Math.round(megapixels)} megapixels`);
  if (width * height > bytes.length * MAX_PIXELS_A_BYTE) {
    throw new Error(`cut off: claims ${width} x ${height} pixels, which ${bytes.length} bytes cannot hold`);
  }
  return header;
}

function readFrame(segment: Uint8Array, header: JpegHeader, maxMegapixels: number): void {
  const [precision, h1, h0, w1, w0, components] = segment;
  const [width, height] = [w1 * 256 + w0, h1 * 256 + h0];
  if (precision !== 8) throw new Error(`a JPEG of ${precision} bits a sample, which is not supported`);
  if (!(width > 0 && height > 0)) throw new Error(`a JPEG of ${width} x ${height} pixels`);
  if (width * height > maxMegapixels * 1e6) {
    throw new Error(`claims ${Math.round((width * height) / 1e6)} megapixels, more than ${maxMegapixels}`);
  }
  if (![1, 3, 4].includes(components)) throw new Error(`a JPEG of ${components} components, which is not supported`);
  for (let i = 0; i < components; i++) {
    const [across, down] = [segment[7 + i * 3] >> 4, segment[7 + i * 3] & 15];
    if (!(across >= 1 && across <= 4 && down >= 1 && down <= 4)) {
      throw new Error(`damaged in its header (component ${i} is sampled ${across} x ${down}, expected 1 to 4)`);
    }
  }
  Object.assign(header, { width, height, components });
}

function isAdobe(segment: Uint8Array): boolean {
  return segment.length >= 12 && [...'Adobe'].every((letter, i) => segment[i] === letter.charCodeAt(0));
}
