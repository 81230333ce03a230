// Whole steps of AlexNet, host included.
import {
  alexnet,
  crossEntropy,
  manualSeed,
  noGrad,
  type Optimizer,
  SGD,
  scope,
  type Tensor,
  tensor,
} from '../src/index.js';
import { type Case, numbers, type PeerJob } from './case.js';

interface Network {
  name: string;
  batch: number;
  options: Parameters<typeof alexnet>[0];
  side: number;
  classes: number;
  peer?: Omit<PeerJob, 'kind'>;
}

/** Cuts hidden layers to a width of their own, so that the peers' buffers suffice. */
function networks(software: boolean): Network[] {
  const batch = software ? 8 : 128;
  const paper = { side: 227, classes: 1000, options: { variant: 'paper' as const } };
  return [
    { ...paper, name: `AlexNet, batch ${batch}`, batch, peer: { batch, hidden: 4096, classes: 1000 } },
    {
      ...{ name: `AlexNet with 2048 hidden units, batch ${batch}`, batch, side: 227, classes: 1000 },
      ...{ options: { variant: 'paper', hidden: 2048 }, peer: { batch, hidden: 2048, classes: 1000 } },
    },
    {
      ...{ name: 'dogcat, width 0.25, 115 pixels, batch 32', batch: 32, side: 115, classes: 2 },
      options: { variant: 'dogcat', width: 0.25, imageSize: 115 },
    },
  ];
}

const CHECKED_STEPS = 8;

export function networkCases(software: boolean): Case[] {
  return networks(software).flatMap((network) => [step(network), inference(network)]);
}

/** On the device, as the peers have theirs. */
function inputs({ batch, side, classes }: Network) {
  const x = tensor(numbers(batch * 3 * side * side, 1), { shape: [batch, 3, side, side] });
  const target = tensor(Int32Array.from({ length: batch }, (_, i) => i % classes));
  const release = () => {
    x.dispose();
    target.dispose();
  };
  return { x, target, release };
}

function step(network: Network): Case {
  const { name, batch, options, peer } = network;
  const train = async (model: ReturnType<typeof alexnet>, rule: Optimizer, data: ReturnType<typeof inputs>) => {
    const kept = scope();
    const loss = crossEntropy(model.forward(data.x), data.target);
    rule.zeroGrad();
    loss.backward();
    rule.step();
    const value = loss.item();
    kept.close();
    return value;
  };
  const prepare = (dropout = 0.5) => {
    manualSeed(1);
    const model = alexnet({ ...options, dropout });
    const rule = new SGD(model.parameters(), { lr: 3e-3, momentum: 0.9, weightDecay: 5e-4 });
    const data = inputs(network);
    const release = () => {
      data.release();
      rule.dispose();
      model.dispose();
    };
    return { run: () => train(model, rule, data), release };
  };
  return {
    ...{ group: 'networks', name: `${name}: training step`, images: batch, wall: true, rounds: 5 },
    peer: peer && { kind: 'alexnet_step', ...peer },
    async check() {
      const { run, release } = prepare(0); // which hides what a few steps do
      const losses: number[] = [];
      for (let i = 0; i < CHECKED_STEPS; i++) losses.push(await run());
      release();
      const [first, last] = [losses[0], losses[CHECKED_STEPS - 1]];
      if (!(last < first))
        throw new Error(`${CHECKED_STEPS} steps on one batch took the loss from ${first} to ${last}`);
    },
    prepare() {
      const { run, release } = prepare();
      return { run: async () => void (await run()), release };
    },
  };
}

function inference(network: Network): Case {
  const { name, batch, options, peer } = network;
  return {
    ...{ group: 'networks', name: `${name}: inference`, images: batch, wall: true, rounds: 5 },
    peer: peer && { kind: 'alexnet_forward', ...peer },
    async check() {},
    prepare() {
      const model = alexnet(options).eval();
      const data = inputs(network);
      const run = async () => {
        const kept = scope();
        const scores = noGrad(() => (model.forward(data.x) as Tensor).data());
        kept.close();
        await scores;
      };
      const release = () => {
        data.release();
        model.dispose();
      };
      return { run, release };
    },
  };
}
