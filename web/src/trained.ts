// The network that comes along (models/): it names cats and dogs as it is, and training begins with it where it is chosen.
import type { AlexNet } from 'wgrad';
import { type Checkpoint, readCheckpoint } from 'wgrad/train';
import { type Facts, readFacts } from './facts.js';

const FILE = new URL('../../models/dogcat.safetensors', import.meta.url);
const NAME = 'the trained network';
/** AlexNet's last layer, whose outputs are the classes. */
const HEAD = 'fc8';

export interface Trained {
  checkpoint: Checkpoint;
  facts: Facts;
}

/** Fetches it. @throws Error if it is not there, or damaged. */
export async function fetchTrained(): Promise<Trained> {
  const answer = await fetch(FILE);
  if (!answer.ok) throw new Error(`${NAME} cannot be fetched: ${answer.status} ${answer.statusText}`);
  const checkpoint = readCheckpoint(new Uint8Array(await answer.arrayBuffer()), NAME);
  return { checkpoint, facts: readFacts(checkpoint.metadata.facts, NAME) };
}

/** Puts its weights into a model of its shape, whose last layer keeps its own where the classes are others. */
export function beginWith({ checkpoint, facts }: Trained, model: AlexNet, classes: readonly string[]): void {
  const newHead = facts.classes.join('\n') !== classes.join('\n');
  const weights = [...checkpoint.tensors].map(([name, tensor]) => [name.replace(/^model\./, ''), tensor] as const);
  const kept = weights.filter(([name]) => !(newHead && name.startsWith(`${HEAD}.`)));
  model.loadStateDict(Object.fromEntries(kept), { strict: !newHead });
}

/** The last layer's parameters, and all others, each with a rate: those that were learned before change more slowly. */
export function groupsOf(model: AlexNet, rates: readonly [head: number, others: number]) {
  const head = new Set(model.layers[HEAD].parameters());
  const others = model.parameters().filter((p) => !head.has(p));
  return [[...head], others].map((params, i) => ({ params, lr: rates[i] }));
}
