// A run that outlives the tab: its checkpoint, with what makes its parts anew and shows the page as it was.
import {
  type Checkpoint,
  checkpointParts,
  readCheckpoint,
  restoreModel,
  restoreRun,
  type Snapshot,
  type TrainerPosition,
} from 'wgrad/train';
import type { CurvesState } from './curves.js';
import { type KeptPictures, keptData } from './data.js';
import { buildModel, type Facts, readFacts } from './facts.js';
import type { Store } from './store.js';
import { isDone, newRun, placeIn, type Run } from './training.js';
import { megabytes, messageOf } from './words.js';

const FILE = 'run.safetensors';
const NAME = 'the kept run';
/** Of what is kept beside the trainer's own state. */
const VERSION = 1;

/** What the page needs to show a run as it was. */
interface KeptPage {
  version: number;
  epochs: number;
  /** Whether it was being trained. */
  running: boolean;
  pictures: KeptPictures;
  curves: CurvesState;
}

/** A run from before, as far as it could be had. */
export interface Restored {
  facts: Facts;
  model: Run['model'];
  page: KeptPage;
  /** Null, with the reason, if only its weights can be used. */
  run: Run | null;
  reason: string;
}

/** Keeps a run; what it says of it. A failure costs nothing but itself: what was kept before stays. */
export async function keepRun(
  store: Store,
  snapshot: Snapshot<TrainerPosition>,
  run: Run,
  { running, curves }: Pick<KeptPage, 'running' | 'curves'>,
): Promise<{ text: string; bad: boolean }> {
  const { facts, epochs } = run;
  const pictures = run.data.kept;
  const page: KeptPage = { version: VERSION, epochs, running, pictures, curves };
  const parts = await checkpointParts(snapshot, { facts: JSON.stringify(facts), page: JSON.stringify(page) });
  const size = megabytes(parts.reduce((sum, { length }) => sum + length, 0));
  try {
    await store.write(FILE, parts);
    const file = pictures.kind === 'files' ? pictures.file : null;
    await store.removeAllBut(FILE, file);
    const text = `Kept in this browser: ${placeOf(run)}; ${size}.`;
    if (pictures.kind === 'stand-ins' || pictures.file !== null) return { text, bad: false };
    return { text: `${text} ${withoutPictures(pictures.reason)}`, bad: true };
  } catch (error) {
    const full = (error as Error).name === 'QuotaExceededError';
    const why = full ? `the browser has no room for ${size} more` : messageOf(error);
    return { text: `Not kept: ${why}. Training goes on; “Save the network” makes a file.`, bad: true };
  }
}

const withoutPictures = (reason: string) =>
  `Its pictures are not kept (${reason}): after a reload the network is there, but its training cannot go on.`;

/**
 * The run that was kept last, or null.
 * @throws Error naming what is wrong with what was kept: it is damaged, or of another version.
 */
export async function restoreKept(store: Store): Promise<Restored | null> {
  const bytes = await store.read(FILE);
  if (!bytes) return null;
  const checkpoint = readCheckpoint(bytes, NAME);
  const facts = readFacts(checkpoint.metadata.facts, NAME);
  const page: KeptPage = JSON.parse(checkpoint.metadata.page ?? 'null');
  if (page?.version !== VERSION) throw new Error(`${NAME}: kept by another version of this page`);
  const model = buildModel(facts);
  try {
    const run = await restoredRun(store, checkpoint, { facts, model, page });
    return { facts, model, page, run, reason: '' };
  } catch (error) {
    restoreModel(checkpoint, model); // its weights can be used all the same
    return { facts, model, page, run: null, reason: messageOf(error) };
  }
}

async function restoredRun(
  store: Store,
  checkpoint: Checkpoint,
  { facts, model, page }: Pick<Restored, 'facts' | 'model' | 'page'>,
): Promise<Run> {
  const data = await keptData(page.pictures, facts.network, store);
  const run = newRun(model, facts, data, page.epochs);
  restoreRun(checkpoint, run.trainer);
  return run;
}

/** Where a run stands: 'epoch 3 of 10, picture 320 of 850', or 'trained for 10 epochs'. */
export function placeOf(run: Run): string {
  const { epoch } = run.trainer.position;
  if (isDone(run)) return `trained for ${run.epochs} ${run.epochs === 1 ? 'epoch' : 'epochs'}`;
  const { examples, examplesInEpoch } = placeIn(run);
  return `epoch ${epoch + 1} of ${run.epochs}, picture ${examples} of ${examplesInEpoch}`;
}
