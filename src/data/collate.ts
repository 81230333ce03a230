// From examples to a batch, as PyTorch's default_collate has it.
import { DataError, showValue } from '../errors.js';
import { dtypeOf, type HostArray, type HostTensor } from '../tensor/dtype.js';
import { isHostTensor } from '../tensor/host-values.js';
import { showShape, sizeOf } from '../tensor/shape.js';

/** What `collate` makes of examples of one kind. */
export type Collated<Item> = Item extends number
  ? HostTensor<Float32Array>
  : Item extends HostTensor<infer Data>
    ? HostTensor<Data>
    : Item extends HostArray
      ? HostTensor<Item>
      : Item extends string
        ? string[]
        : Item extends object
          ? { [Name in keyof Item]: Collated<Item[Name]> }
          : never;

/**
 * A batch of examples: typed arrays and `{ data, shape }` are stacked in a new first dimension and keep their type, numbers become
 * f32 (`scalar(3, 'i32')` is a class), texts a list; records of these become a record of batches. PyTorch's default_collate.
 * @throws DataError if there is none, or an example is of another kind, shape or type than the first one.
 */
export function collate<Item>(examples: readonly Item[]): Collated<Item> {
  if (!Array.isArray(examples) || examples.length === 0)
    throw new DataError(`collate: takes a list of examples, one or more, got ${showValue(examples)}`);
  return collated(examples, 'an example') as Collated<Item>;
}

function collated(values: readonly unknown[], what: string): unknown {
  const [first] = values;
  const each = <T>(holds: (value: unknown) => value is T): readonly T[] => {
    const odd = values.findIndex((value) => !holds(value));
    if (odd < 0) return values as readonly T[];
    throw differing(what, shown(first), shown(values[odd]), odd);
  };
  if (typeof first === 'number') {
    return { data: Float32Array.from(each((value) => typeof value === 'number')), shape: [values.length] };
  }
  if (typeof first === 'string') return [...each((value) => typeof value === 'string')];
  if (isArray(first)) return stacked(each(isArray), what);
  if (!isRecord(first)) {
    throw new DataError(
      `collate: ${what} is ${showValue(first)}; numbers, texts, typed arrays, { data, shape } and records of them can be put ` +
        'into a batch, others by a `collate` of your own',
    );
  }
  const names = Object.keys(first);
  const records = each(isRecord);
  const odd = records.findIndex((record) => Object.keys(record).length !== names.length);
  if (odd >= 0) throw differing(what, shown(first), shown(records[odd]), odd);
  const path = (name: string) => (what === 'an example' ? name : `${what}.${name}`);
  return Object.fromEntries(names.map((name) => [name, collated(records.map((one) => one[name]), path(name))])); // biome-ignore format: one line
}

const isArray = (value: unknown): value is HostArray | HostTensor => ArrayBuffer.isView(value) || isHostTensor(value);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isArray(value);

/** Arrays of one shape and type, one behind the other. */
function stacked(values: readonly (HostArray | HostTensor)[], what: string): HostTensor {
  const tensors = values.map(tensorOf);
  const [{ data, shape }] = tensors;
  dtypeOf('collate', data);
  const size = sizeOf(shape);
  const Type = Reflect.get(globalThis, data[Symbol.toStringTag]) as new (length: number) => HostArray;
  const out = new Type(size * values.length);
  for (const [i, one] of tensors.entries()) {
    if (one.data.length !== sizeOf(one.shape))
      throw new DataError(`collate: ${what} has ${one.data.length} values, which do not fill ${showShape(one.shape)}`);
    if (String(one.shape) !== String(shape) || kind(one) !== kind(tensors[0]))
      throw differing(what, shown(tensors[0]), shown(one), i);
    out.set(one.data as never, i * size);
  }
  return { data: out, shape: [values.length, ...shape] };
}

const tensorOf = (value: HostArray | HostTensor): HostTensor =>
  isHostTensor(value) ? value : { data: value, shape: [value.length] };

const kind = ({ data }: HostTensor): string => data[Symbol.toStringTag];

function shown(value: unknown): string {
  if (isArray(value)) return `${kind(tensorOf(value))} ${showShape(tensorOf(value).shape)}`;
  return isRecord(value) ? `{ ${Object.keys(value).join(', ')} }` : showValue(value);
}

const differing = (what: string, first: string, other: string, at: number) =>
  new DataError(
    `collate: ${what} is ${first} in the first example of a batch and ${other} in the ${ordinal(at + 1)}; a batch takes ` +
      'examples of one kind (pad them, or give a `collate` of your own)',
  );

function ordinal(n: number): string {
  const tens = n % 100;
  const ending = tens > 10 && tens < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th');
  return `${n}${ending}`;
}
