// Runs the worker under a GPU's compiler, and reads what both say.
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { WgradError } from '../../src/index.js';
import { type Bound, boundOf, MACHINES } from './bound.js';
import { type Anatomy, anatomy } from './code.js';
import { type GpuName, underCompiler } from './lab.js';
import { type Job, MARK, type Message } from './messages.js';
import { readAdreno } from './read/adreno.js';
import { readAmd } from './read/amd.js';
import { readApple } from './read/apple.js';
import { readNvidia } from './read/nvidia.js';
import type { Reading } from './read/reading.js';

const READERS: Record<GpuName, (text: string) => Reading> = {
  nvidia: readNvidia,
  amd: readAmd,
  apple: readApple,
  adreno: readAdreno,
};

/** One kernel with its slots, as one GPU's compiler made it. */
export interface Compiled extends Partial<Figures> {
  gpu: GpuName;
  /** The kernel and its slots: what tells it from others. */
  label: string;
  /** The kernel and its tile, to be read. */
  name: string;
  product: boolean;
  /** The bench's cases that launch it. */
  uses: string[];
  /** Why there are no figures. */
  error?: string;
}

export interface Figures extends Omit<Reading, 'blocks' | 'listing'>, Anatomy {
  bound: Bound;
}

/** Given with each kernel: its text and its machine code, for `--asm`. */
export interface Sources {
  wgsl: string;
  listing: string;
}

type Begun = Extract<Message, { begins: string }>;

/**
 * Compiles all that `job` names for one GPU, and gives each to `take`. A kernel that ends the compiler's process is an error of
 * that kernel; the next goes on in another process. Returns what the driver calls itself.
 * @throws WgradError if the worker does not come to its list.
 */
export async function compileFor(
  gpu: GpuName,
  lab: string,
  job: Omit<Job, 'done'>,
  take: (kernel: Compiled, sources: Sources, all: number) => void,
): Promise<string> {
  let [done, all, driver] = [0, Number.POSITIVE_INFINITY, ''];
  while (done < all) {
    let begun: Begun | undefined;
    let printed = '';
    const finish = (error?: string) => {
      const { kernel, listing } = compiled(gpu, begun!, printed, error);
      take(kernel, { wgsl: begun!.wgsl, listing }, all);
      begun = undefined;
      done++;
    };
    const ending = await runWorker(lab, gpu, { ...job, done }, (text, message) => {
      printed = begun ? printed + text : '';
      if (!message) return;
      if ('failed' in message) throw new WgradError(`gpus: ${gpu}: ${message.failed}`);
      if ('all' in message) ({ all, driver } = message);
      if ('begins' in message) begun = message;
      if ('ended' in message) finish(message.error?.trim());
    });
    if (!Number.isFinite(all)) throw new WgradError(`gpus: ${gpu}: the driver does not start: ${ending}`);
    if (begun) finish(`the compiler ended the process: ${ending}`);
  }
  return driver;
}

/** Starts a worker, hands on what is printed up to each message, and gives its last words. */
function runWorker(
  lab: string,
  gpu: GpuName,
  job: Job,
  see: (text: string, message?: Message) => void,
): Promise<string> {
  const worker = fileURLToPath(new URL('worker.js', import.meta.url));
  const { file, args, env } = underCompiler(lab, gpu);
  // By lines, so that what one driver prints on standard output keeps its place among what the others print beside it.
  const command = ['-oL', file, ...args, worker, JSON.stringify(job)];
  const child = spawn('sh', ['-c', 'exec stdbuf "$@" 2>&1', 'sh', ...command], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((settle, fail) => {
    // Megabytes come line by line: they are joined when a message is among them.
    let pending: string[] = [];
    let marked = false;
    const take = () => {
      let text = pending.join('');
      for (let at = text.indexOf(MARK); at >= 0; at = text.indexOf(MARK)) {
        const end = text.indexOf('\n', at);
        if (end < 0) break; // the rest of its line is still to come
        see(text.slice(0, at), JSON.parse(text.slice(at + MARK.length, end)));
        text = text.slice(end + 1);
      }
      marked = text.includes(MARK);
      pending = [text];
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      marked ||= `${pending.at(-1)?.slice(-MARK.length) ?? ''}${text}`.includes(MARK);
      pending.push(text);
      if (!marked || !text.includes('\n')) return;
      try {
        take();
      } catch (error) {
        child.kill();
        fail(error);
      }
    });
    child.on('error', fail);
    child.on('close', (code, signal) => {
      const last = pending.join('').trim().split('\n').at(-1) ?? '';
      settle(`${signal ?? `exit code ${code}`}${last ? `, ${last.slice(0, 200)}` : ''}`);
    });
  });
}

function compiled(gpu: GpuName, begun: Begun, printed: string, error?: string): { kernel: Compiled; listing: string } {
  const kernel: Compiled = {
    gpu,
    label: begun.begins,
    name: nameOf(begun),
    product: begun.product ?? false,
    uses: begun.uses,
  };
  if (error) return { kernel: { ...kernel, error }, listing: '' };
  try {
    const { blocks, listing, ...figures } = READERS[gpu](printed);
    const parts = anatomy(blocks, stepMultiplyAdds(begun));
    const { step } = parts;
    kernel.product =
      begun.product ?? (parts.loops > 0 && 4 * (step.multiplyAdds + (step.matrixAdds ?? 0)) > step.globalBytes); // of a user's own: more sums than numbers
    const bound = boundOf(step, kernel.product, MACHINES[gpu]);
    return { kernel: { ...kernel, ...figures, ...parts, bound }, listing };
  } catch (thrown) {
    return { kernel: { ...kernel, error: (thrown as Error).message }, listing: '' };
  }
}

/** What a thread multiplies and adds in one step along k, where the kernel's slots tell: SIDE x SIDE blocks of 4 x 4, DEPTH times. */
function stepMultiplyAdds({ slots: { SIDE, DEPTH } }: Begun): number {
  return SIDE === undefined || DEPTH === undefined ? 0 : (4 * Number(SIDE)) ** 2 * Number(DEPTH);
}

/** `gemm_shared 128x128 NT`: a tile's rows and columns, how operands lie, and what is not as usual. */
function nameOf({ shader, slots }: Begun): string {
  const side = (...names: string[]) => names.map((name) => slots[name]).find((value) => value !== undefined);
  const [rows, columns] = [side('TILE_ROWS', 'ROWS', 'ROW_BLOCKS'), side('TILE_COLUMNS', 'COLUMNS', 'WIDTH')];
  const layout =
    slots.A_ALONG_K === undefined
      ? ''
      : `${slots.A_ALONG_K === 'true' ? 'N' : 'T'}${slots.B_ALONG_K === 'true' ? 'T' : 'N'}`;
  const parts = [shader, rows !== undefined && columns !== undefined ? `${rows}x${columns}` : '', layout];
  return [...parts, slots.GATHERED === 'true' ? 'gathered' : '', slots.RAGGED === 'true' ? 'ragged' : '']
    .filter(Boolean)
    .join(' ');
}

/** The version of the compilers, out of a driver's name. */
export const mesaOf = (driver: string): string => /Mesa [\w.~+-]+/.exec(driver)?.[0] ?? driver;

/** Whether the machine has what the worker is started with. */
export const canStart = (): boolean => spawnSync('stdbuf', ['--version']).status === 0;
