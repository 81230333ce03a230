// A data set of one's own in a module, as DatasetWorkers take it: points whose noise is drawn anew in each epoch.
import { type ExampleDraw, scalar } from '../../src/data/index.js';

export const dataset = {
  length: 23,
  async get(i: number, { epoch, random }: ExampleDraw) {
    if (i % 3 === 0) await new Promise((resolve) => setTimeout(resolve, i % 5));
    const angle = i / 4;
    const point = Float32Array.of(Math.cos(angle) + 0.1 * random.normal(), Math.sin(angle) + 0.1 * random.normal());
    return { point, label: scalar(i % 2, 'i32'), weight: 1 / (1 + epoch), name: `point ${i}` };
  },
};
