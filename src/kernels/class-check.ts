// Checks that labels are classes. An op gets them on the GPU, so a kernel checks them there, and the next read throws.

import { activeRecorder, read, run, upload, view } from '../device/commands.js';
import type { GpuBuffer } from '../device/pool.js';
import { windows } from '../device/windows.js';
import { UsageError } from '../errors.js';
import { ceilDiv } from '../math.js';
import { class_check as shader } from './sources.gen.js';

/** The labels that an op takes. */
export interface ClassRange {
  /** The op, for messages. */
  op: string;
  /** Labels are 0 to classes - 1 ... */
  classes: number;
  /** ... or this. */
  ignored: number;
}

const SLOTS = 1024;
const BYTES = SLOTS * 2 * 4;

/** The buffer that the kernel writes, of one device: kept from call to call, in no `memory()` count, and zeros while all labels are classes. */
let found: GpuBuffer | undefined;
/** A slot for each op and range. Once all slots are used and read, the list begins again. */
const ranges: ClassRange[] = [];
/** Slots of the checks since the last read of `found`, in their order: where several ops saw a wrong label, the first one tells. */
const unread = new Set<number>();

/** Checks labels of an i32 tensor, or of bytes that were cast to f32. */
export function checkClasses(labels: GpuBuffer, count: number, dtype: 'i32' | 'f32', range: ClassRange): void {
  const { classes, ignored } = range;
  const buffer = current();
  const slot = slotOf(range);
  for (const w of windows(`${range.op}: a label`, count, 1)) {
    const buffers = { labels: view(labels, w.start, w.count), found: view(buffer, 2 * slot, 2) };
    const params = { count: w.count, classes, ignored };
    run(shader, buffers, params, { slots: { label: dtype }, groups: ceilDiv(w.count, 64) });
  }
  unread.add(slot);
}

/** The open device's buffer. */
function current(): GpuBuffer {
  const { pool } = activeRecorder('labels').host;
  if (found?.pool !== pool) {
    found = pool.make(
      BYTES,
      'labels that are no class',
      GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    );
    found.bytes = BYTES;
    upload(found, new Uint32Array(SLOTS * 2));
  } else if (found.failure) upload(found, new Uint32Array(SLOTS * 2)); // its contents are invalid, and must not fail what follows
  return found;
}

function slotOf({ op, classes, ignored }: ClassRange): number {
  const known = ranges.findIndex((r) => r.op === op && r.classes === classes && r.ignored === ignored);
  if (known >= 0) return known;
  if (ranges.length === SLOTS && unread.size === 0) ranges.length = 0;
  if (ranges.length < SLOTS) ranges.push({ op, classes, ignored });
  return ranges.length - 1;
}

/**
 * Reads what the checks since the last call have found; reads of tensors wait for it.
 * @throws UsageError for labels that are no class.
 */
export async function reportClasses(): Promise<void> {
  const from = found;
  if (unread.size === 0 || from?.pool !== activeRecorder('labels').host.pool) return; // what another device was to look at is gone with it
  const [asked, checked] = [[...unread], [...ranges]];
  unread.clear();
  const words = new Uint32Array(await read(from, checked.length * 2 * 4));
  const slot = [...asked, ...checked.keys()].find((i) => words[2 * i] > 0);
  if (slot === undefined) return;
  if (!from.pool.lost) upload(from, new Uint32Array(SLOTS * 2));
  const { op, classes, ignored } = checked[slot];
  const [count, largest] = words.subarray(2 * slot);
  const extra = ignored < 0 || ignored >= classes ? `, or ${ignored} to be ignored` : '';
  throw new UsageError(
    `${op}: ${count === 1 ? 'a label is no class' : `${count} labels are no classes`}, such as ${largest | 0}; ` +
      `classes are 0 to ${classes - 1}${extra}`,
  );
}
