// CRC-32 of two polynomials, eight bytes at a time: Intel's "slicing by 8". In plain JavaScript, because Web Crypto is asynchronous
// and missing on pages without https, and Node's zlib.crc32 came after Node 20.
const NO_WORDS = new Int32Array(0);

/** Row k holds what a byte does to the sum when k more bytes follow it. */
function makeTables(polynomial: number): Int32Array {
  const rows = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? polynomial : 0);
    rows[byte] = sum;
  }
  for (let at = 256; at < rows.length; at++) rows[at] = (rows[at - 256] >>> 8) ^ rows[rows[at - 256] & 255];
  return rows;
}

/** The checksum of bytes, 0 to 2^32 - 1; with `before`, of the bytes that gave `before` and then these. */
type Checksum = (bytes: Uint8Array, before?: number) => number;

function checksum(polynomial: number): Checksum {
  let tables: Int32Array | undefined; // made at the first call, so that importing this file computes nothing
  return (bytes, before = 0) => {
    tables ??= makeTables(polynomial);
    const t = tables;
    const aligned = Math.min(bytes.length, -bytes.byteOffset & 3);
    const count = (bytes.length - aligned) >>> 2;
    const words = count > 0 ? new Int32Array(bytes.buffer, bytes.byteOffset + aligned, count) : NO_WORDS; // may lie askew
    const pairs = words.length & ~1;
    let sum = ~before;
    for (let i = 0; i < aligned; i++) sum = (sum >>> 8) ^ t[(sum ^ bytes[i]) & 255];
    for (let i = 0; i < pairs; i += 2) {
      const a = words[i] ^ sum;
      const b = words[i + 1];
      sum =
        t[1792 + (a & 255)] ^
        t[1536 + ((a >>> 8) & 255)] ^
        t[1280 + ((a >>> 16) & 255)] ^
        t[1024 + (a >>> 24)] ^
        t[768 + (b & 255)] ^
        t[512 + ((b >>> 8) & 255)] ^
        t[256 + ((b >>> 16) & 255)] ^
        t[b >>> 24];
    }
    for (let i = aligned + 4 * pairs; i < bytes.length; i++) sum = (sum >>> 8) ^ t[(sum ^ bytes[i]) & 255];
    return ~sum >>> 0;
  };
}

/** As in zip and PNG. */
export const crc32: Checksum = /* @__PURE__ */ checksum(0xedb88320);

/** Castagnoli's, as in iSCSI and TFRecord files. */
export const crc32c: Checksum = /* @__PURE__ */ checksum(0x82f63b78);
