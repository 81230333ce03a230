// The one walk over a PNG's chunks: its orientation, its size and the copy that a decoder gets all come from here.

/** A piece of a PNG. */
export interface PngChunk {
  /** Four letters, such as 'IHDR'. */
  type: string;
  /** Its bytes, without length, type and checksum. */
  body: Uint8Array;
  /** All of it, as it stands in the file. */
  whole: Uint8Array;
}

export const PNG_SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** The chunks up to IEND, which is the last one; what follows it belongs to no picture. A chunk that is cut off ends the walk. */
export function* pngChunks(bytes: Uint8Array): Generator<PngChunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = PNG_SIGNATURE.length; at + 12 <= bytes.length; ) {
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) return;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    yield { type, body: bytes.subarray(at + 8, end - 4), whole: bytes.subarray(at, end) };
    if (type === 'IEND') return;
    at = end;
  }
}
