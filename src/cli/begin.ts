// Fine-tuning: a run that begins with the weights of another, with a last layer of its own where its classes are others.
import { type AlexNet, Conv2d, freeze, Linear, UsageError } from '../index.js';
import type { ParamGroup } from '../optim/params.js';
import type { Checkpoint } from '../train/index.js';
import { NETWORK, type RunFacts, readFacts } from './facts.js';
import { dashed } from './options.js';
import { presets, type RunOptions, TUNING } from './presets.js';
import { openWeights } from './weights.js';

/** AlexNet's last layer, whose outputs are the classes. */
const HEAD = 'fc8';

/** What a run begins with. */
export interface Start {
  checkpoint: Checkpoint;
  facts: RunFacts;
}

/** Opens it. @throws CheckpointError if there are no such weights, or they do not say of what network they are. */
export function openStart(from: string): Start {
  const checkpoint = openWeights(from);
  return { checkpoint, facts: readFacts(checkpoint, 'predict') };
}

/**
 * Options of a run that begins so: its network is that of the weights.
 * @throws UsageError for another.
 */
export function startOptions({ checkpoint, facts }: Start, given: Partial<RunOptions>): RunOptions {
  for (const name of NETWORK) {
    if (given[name] === undefined || name === 'dropout' || name === 'poolDropout') continue;
    throw new UsageError(`--${dashed(name)} ${given[name]}: the network is that of ${checkpoint.name}`);
  }
  const network = Object.fromEntries(NETWORK.map((name) => [name, facts.options[name]]));
  return { ...presets.quick.options, ...TUNING, ...network, ...given };
}

/** Puts the weights into a model; its last layer keeps its own where the classes are others. Whether it does. */
export function loadStart({ checkpoint, facts }: Start, model: AlexNet, classes: readonly string[]): boolean {
  const newHead = facts.classes.join('\n') !== classes.join('\n');
  const weights = [...checkpoint.tensors]
    .map(([name, tensor]) => [name.replace(/^model\./, ''), tensor] as const)
    .filter(([name]) => name in model.stateDict() && !(newHead && name.startsWith(`${HEAD}.`)));
  model.loadStateDict(Object.fromEntries(weights), { strict: !newHead });
  return newHead;
}

/**
 * Freezes what the patterns name, and with it what stands behind a frozen layer, up to the next one with weights: its normalization
 * keeps its statistics, and nothing is dropped. @throws UsageError for a pattern that names nothing, or if nothing is left to train.
 */
export function freezeStart(model: AlexNet, patterns: string): void {
  for (const pattern of patterns.split(',')) freeze(model, pattern.trim());
  let frozen = false;
  for (const [name, layer] of model.children()) {
    const own = layer.parameters();
    if (layer instanceof Conv2d || layer instanceof Linear) frozen = own.every((p) => !p.requiresGrad);
    else if (frozen) {
      if (own.length > 0) freeze(model, name);
      layer.eval();
    }
  }
  if (!model.parameters().some((p) => p.requiresGrad))
    throw new UsageError(`--freeze ${patterns}: nothing is left to train`);
}

/** The last layer with the run's rate, all else with its own. */
export function startGroups(model: AlexNet, { lr, featuresLr }: RunOptions): ParamGroup<{ lr: number }>[] {
  const head = new Set(model.layers[HEAD].parameters());
  const rest = model.parameters().filter((p) => !head.has(p));
  return [
    { params: [...head], lr },
    { params: rest, lr: featuresLr },
  ];
}
