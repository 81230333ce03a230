// What JavaScript may hand to any argument: values that no argument takes, and values that only some take.
import { type Tensor, tensor } from '../../../src/index.js';

/** Made anew for each call; `name` is for messages. */
export interface Wrong {
  name: string;
  make: () => unknown;
}

function disposed(): Tensor {
  const t = tensor([1, 2]);
  t.dispose();
  return t;
}

function cyclic(): unknown[] {
  const list: unknown[] = [];
  list.push(list);
  return list;
}

/** No argument of the library takes these, apart from those that take anything (test/support/calls/table.ts). */
export const never: Wrong[] = [
  { name: 'a symbol', make: () => Symbol('wrong') },
  { name: '10n', make: () => 10n },
  { name: 'a list of itself', make: () => cyclic() },
  { name: "[['a']]", make: () => [['a']] },
  { name: '{ wrong: 1 }', make: () => ({ wrong: 1 }) },
];

/** Some arguments take one or another of these. */
export const rarely: Wrong[] = [
  { name: 'undefined', make: () => undefined },
  { name: 'null', make: () => null },
  { name: "''", make: () => '' },
  { name: "'wrong'", make: () => 'wrong' },
  { name: "'2'", make: () => '2' },
  { name: 'true', make: () => true },
  { name: 'NaN', make: () => Number.NaN },
  { name: 'Infinity', make: () => Number.POSITIVE_INFINITY },
  { name: '-1', make: () => -1 },
  { name: '0', make: () => 0 },
  { name: '1.5', make: () => 1.5 },
  { name: '2 ** 53', make: () => 2 ** 53 },
  { name: '{}', make: () => ({}) },
  { name: 'an object without a prototype', make: () => Object.create(null) },
  { name: 'new Date(0)', make: () => new Date(0) },
  { name: '[]', make: () => [] },
  { name: '[1, 2, 3]', make: () => [1, 2, 3] },
  { name: '[, 1]', make: () => new Array(2) },
  { name: '[[1], [1, 2]]', make: () => [[1], [1, 2]] },
  { name: '[null]', make: () => [null] },
  { name: '() => 1', make: () => () => 1 },
  { name: 'a disposed tensor', make: disposed },
  { name: 'a list of a disposed tensor', make: () => [disposed()] },
  { name: 'an i32 tensor', make: () => tensor(Int32Array.of(1, 2)) },
  { name: 'an empty tensor', make: () => tensor([]) },
  { name: 'a tensor of 7 dimensions', make: () => tensor([1], { shape: [1, 1, 1, 1, 1, 1, 1] }) },
  { name: 'a Float64Array', make: () => new Float64Array(2) },
];
