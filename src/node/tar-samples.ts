// The samples of a shard in WebDataset's layout: a tar file in which the files of a sample follow one another and share its name.
import { closeSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createTarDecoder } from 'modern-tar';
import { DataError } from '../errors.js';
import { OTHER_PICTURE, PICTURE } from './list-pictures.js';

/** A picture with its class. */
export interface TarSample {
  /** The picture's path in the tar. */
  name: string;
  /** The picture's file; empty where it was not wanted. */
  bytes: Uint8Array;
  /** What its .cls says. */
  label: string;
}

/** Read at once from the disk. */
const PIECE = 2 ** 20;
const MOST_LABEL_BYTES = 1024;

/**
 * Reads a shard once, from its beginning. Of samples that are not `wanted`, by their place, the picture is passed over.
 * @throws DataError naming the shard and the entry: cut off, no tar, a picture without a .cls, a .cls without a picture.
 */
export async function* tarSamples(
  path: string,
  wanted: (place: number) => boolean = () => true,
): AsyncGenerator<TarSample> {
  const samples = new Grouping(path);
  let last = '';
  try {
    for await (const { header, body } of bytesOf(path).pipeThrough(createTarDecoder({ strict: true }))) {
      const { name, size, type = 'file' } = header;
      const done = samples.begin(name);
      if (done) yield done;
      const use = samples.useOf(name, type, size);
      if (use === 'label')
        samples.label = Buffer.from(await read(body))
          .toString()
          .trim();
      else if (use === 'picture' && wanted(samples.count)) samples.bytes = await read(body);
      else await pass(body);
      last = name;
    }
  } catch (error) {
    throw error instanceof DataError
      ? error
      : new DataError(`${path}: ${explain(error, path, last)}`, { cause: error });
  }
  const done = samples.end();
  if (done) yield done;
}

/** A file in pieces; Node 20's own streams throw where nobody can catch it when they are left early. */
function bytesOf(path: string): ReadableStream<Uint8Array> {
  let file: FileHandle | undefined;
  return new ReadableStream({
    async pull(controller) {
      try {
        file ??= await open(path);
        const { bytesRead, buffer } = await file.read(new Uint8Array(PIECE), 0, PIECE);
        if (bytesRead > 0) return controller.enqueue(buffer.subarray(0, bytesRead));
        await file.close();
        controller.close();
      } catch (error) {
        await file?.close();
        throw error;
      }
    },
    cancel: () => file?.close(),
  });
}

async function read(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Uint8Array.from(Buffer.concat(chunks)); // the chunks are parts of larger ones
}

/** Read and not cancelled: modern-tar 0.8.6 may then close the body of the entry behind it, which would be waited for in vain. */
async function pass(body: ReadableStream<Uint8Array>): Promise<void> {
  for await (const _ of body);
}

/** Gathers the files of one sample. */
class Grouping {
  /** Samples that are complete. */
  count = 0;
  label: string | null = null;
  bytes: Uint8Array = new Uint8Array();
  private key = '';
  private picture: string | null = null;
  private other: string | null = null;

  constructor(private readonly path: string) {}

  /** Tells of the next file; returns the sample before it if it is of another one. */
  begin(name: string): TarSample | null {
    const { key } = partsOf(name);
    if (key === this.key) return null;
    const done = this.end();
    this.key = key;
    return done;
  }

  /** The sample that was gathered; null if it was none. */
  end(): TarSample | null {
    const { key, picture, label, bytes, other } = this;
    [this.picture, this.label, this.bytes, this.other] = [null, null, new Uint8Array(), null];
    if (picture !== null && label === null)
      throw this.wrong(picture, `no ${key}.cls beside it; the files of a sample follow one another (tar --sort=name)`);
    if (picture === null && label !== null)
      throw this.wrong(
        `${key}.cls`,
        other ? `its picture is ${other}; only JPEG and PNG are read` : 'no picture beside it',
      );
    if (picture === null || label === null) return null;
    this.count++;
    return { name: picture, bytes, label };
  }

  /** What a file of the sample is for. */
  useOf(name: string, type: string, size: number): 'picture' | 'label' | null {
    const { key, extension } = partsOf(name);
    if (type === 'directory' || key === '') return null;
    const isPicture = PICTURE.test(`.${extension}`) && !extension.includes('.');
    if (extension !== 'cls' && !isPicture) {
      if (OTHER_PICTURE.test(`.${extension}`) && !extension.includes('.')) this.other = name;
      return null;
    }
    if (type !== 'file')
      throw this.wrong(name, `a ${type} without bytes; pack it with tar --dereference --hard-dereference`);
    if (isPicture) {
      if (this.picture !== null) throw this.wrong(name, `a second picture of its sample, beside ${this.picture}`);
      this.picture = name;
      return 'picture';
    }
    if (size > MOST_LABEL_BYTES) throw this.wrong(name, `${size} bytes are no class`);
    return 'label';
  }

  private wrong(name: string, what: string): DataError {
    return new DataError(`${this.path}: ${name}: ${what}`);
  }
}

/** As WebDataset has it: a sample's name ends at the first dot behind the last slash. Hidden files, as macOS adds, have none. */
function partsOf(name: string): { key: string; extension: string } {
  const [, key = '', extension = ''] = /^((?:.*\/)?[^./][^./]*)\.([^/]*)$/s.exec(name) ?? [];
  return {
    key: key.split('/').some((part) => /^__.*__$|^__MACOSX$/.test(part)) ? '' : key,
    extension: extension.toLowerCase(),
  };
}

function explain(error: unknown, path: string, last: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code?.startsWith('E')) return `cannot be read (${message})`;
  if (isCompressed(path)) return 'compressed; shards are read as plain tar files: unpack it with gunzip';
  return `no tar file, cut off or damaged ${last ? `behind ${last}` : 'at its beginning'} (${message})`;
}

function isCompressed(path: string): boolean {
  const head = Buffer.alloc(2);
  const handle = openSync(path, 'r');
  try {
    readSync(handle, head, 0, 2, 0);
  } finally {
    closeSync(handle);
  }
  return head.readUInt16BE() === 0x1f8b;
}
