// Types of modules as a user meets them. Compiled, never run.
import {
  type AlexNet,
  type AnyModule,
  Conv2d,
  Linear,
  Module,
  ReLU,
  Sequential,
  type Tensor,
} from '../../src/index.js';
import { typed } from './check.js';

interface Boxes {
  boxes: Tensor;
  scores: Tensor[];
}

class Detector extends Module<[Tensor, Tensor | null], Boxes> {
  readonly head = new Linear(2, 2);
  forward(images: Tensor, mask: Tensor | null): Boxes {
    return { boxes: this.head.forward(images), scores: mask ? [mask] : [] };
  }
}

class Plain extends Module {
  forward(x: Tensor): Tensor {
    return x;
  }
}

class Named extends Module<[{ user: Tensor; item: Tensor }], [Tensor, Tensor]> {
  forward({ user, item }: { user: Tensor; item: Tensor }): [Tensor, Tensor] {
    return [user, item];
  }
}

export function inputsAndOutputs(x: Tensor): void {
  const detector = new Detector();
  typed<Boxes>()(detector.forward(x, null), true);
  typed<[Tensor, Tensor]>()(new Named().forward({ user: x, item: x }), true);
  typed<Tensor>()(new Plain().forward(x), true);
  // @ts-expect-error: one input is missing
  detector.forward(x);
  // @ts-expect-error: an object, not a tensor
  new Named().forward(x);
  const all: AnyModule[] = [detector, new Plain(), new Named(), new Sequential(new ReLU())];
  const one: Module = new Sequential(new ReLU());
  // @ts-expect-error: takes two, gives no tensor
  const other: Module = detector;
  for (const module of [...all, one, other]) module.eval();
}

export class Wrong extends Module {
  // @ts-expect-error: a module of several inputs says so, Module<[Tensor, Tensor]>
  forward(a: Tensor, b: Tensor): Tensor {
    return a ?? b;
  }
}

export function hooks(x: Tensor): void {
  const detector = new Detector();
  detector.registerForwardHook((module, [images, mask], output) => {
    typed<Linear>()(module.head, true);
    typed<Tensor>()(images, true);
    typed<Tensor | null>()(mask, true);
    typed<Boxes>()(output, true);
  });
  detector.registerForwardHook(() => ({ boxes: x, scores: [] }));
  detector.registerForwardPreHook((_module, [images]) => [images, x]);
  // @ts-expect-error: no output of this module
  detector.registerForwardHook(() => x);
  // @ts-expect-error: an input too few
  detector.registerForwardPreHook(() => [x]);
}

export function sequences(alexnet: AlexNet, modules: Module[], byName: Record<string, Module>): void {
  const net = new Sequential({ conv1: new Conv2d(3, 8, 3), relu1: new ReLU(), rest: new Sequential(new ReLU()) });
  typed<Conv2d>()(net.layers.conv1, true);
  typed<ReLU>()(net.layers.rest.layers[0], true);
  net.layers.conv1 = new Conv2d(3, 8, 5);
  // @ts-expect-error: another kind of layer
  net.layers.conv1 = new Linear(2, 2);
  // @ts-expect-error: no such layer
  void net.layers.conv2;

  const list = new Sequential(new Linear(2, 8), new ReLU(), new Linear(8, 2));
  typed<Linear>()(list.layers[2], true);
  // @ts-expect-error: there are three
  void list.layers[3];
  typed<Module>()(new Sequential(...modules).layers[7], true);
  typed<Module>()(new Sequential(byName).layers.any, true);
  new Sequential(...list.layers.slice(0, 2));
  const both: Sequential[] = [net, list, alexnet, new Sequential()];
  void both;

  typed<Conv2d>()(alexnet.layers.conv1, true);
  typed<Linear>()(alexnet.layers.fc8, true);
  typed<Module | undefined>()(alexnet.layers.norm1, true);

  // @ts-expect-error: takes two tensors
  new Sequential(new ReLU(), new Detector());
  // @ts-expect-error: takes an object
  new Sequential({ named: new Named() });
  // @ts-expect-error: a list is spread
  new Sequential(modules);
}
