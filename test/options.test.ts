import * as assert from 'uvu/assert';
import { init } from '../src/device/runtime.js';
import { UsageError } from '../src/errors.js';
import {
  below1,
  callback,
  checkOptions,
  finite,
  flag,
  notNegative,
  oneOf,
  orNull,
  positive,
  type Rule,
  type Rules,
  required,
  share,
  whole,
} from '../src/options.js';
import { suite } from './support/suite.js';

const test = suite('options');

interface Given {
  labelSmoothing?: number;
  stride?: number;
  reduction?: string;
  limit?: number | null;
}

const rules: Rules<Given> = {
  labelSmoothing: share,
  stride: whole(1),
  reduction: oneOf('mean', 'sum', 'none'),
  limit: orNull(whole()),
};
const refused = (options: unknown, message: RegExp) => {
  assert.throws(
    () => checkOptions('crossEntropy', options as Given, rules),
    (error: Error) => error instanceof UsageError && message.test(error.message),
    JSON.stringify(options),
  );
};

test('known names with values in range pass, undefined and null where they are meant', () => {
  checkOptions('crossEntropy', {}, rules);
  checkOptions('crossEntropy', { labelSmoothing: 0, stride: undefined, reduction: 'sum', limit: null }, rules);
});

test('a name that nobody reads is refused, and the one that was meant is said', () => {
  refused(
    { label_smoothing: 0.1 },
    /^crossEntropy: there is no option 'label_smoothing'; did you mean 'labelSmoothing'\?$/,
  );
  refused({ strides: 2 }, /did you mean 'stride'/);
  refused({ Reduction: 'sum' }, /did you mean 'reduction'/);
  refused({ verbose: true }, /known are labelSmoothing, stride, reduction, limit$/);
  refused({ toString: 1 }, /there is no option 'toString'/);
});

test('a value out of range is refused with what it should be', () => {
  refused({ labelSmoothing: 1.5 }, /^crossEntropy: labelSmoothing is a number from 0 to 1, got 1.5$/);
  refused({ labelSmoothing: Number.NaN }, /got NaN/);
  refused({ stride: '2' }, /^crossEntropy: stride is a whole number, 1 or more, got '2'$/);
  refused({ stride: null }, /got null/);
  refused({ reduction: 'avg' }, /reduction is 'mean', 'sum' or 'none', got 'avg'/);
  refused({ limit: -1 }, /limit is a whole number, 0 or more, or null, got -1/);
});

test('rules at the ends of their ranges', () => {
  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
  const ranges: [string, Rule, unknown[], unknown[]][] = [
    ['finite', finite, [-1e30, 0], [nan, infinity, '1']],
    ['positive', positive, [1e-30], [0, -1, nan, infinity]],
    ['notNegative', notNegative, [0, 1e30], [-1e-30, nan, infinity]],
    ['share', share, [0, 1], [-0.01, 1.01, nan]],
    ['below1', below1, [0, 0.999], [1, -0.01, nan]],
    ['whole', whole(2), [2, 2 ** 40], [1, 2.5, nan, infinity]],
    ['flag', flag, [true, false], [0, 1, 'true', null]],
    ['callback', callback, [() => 1], [{}, null]],
  ];
  for (const [name, rule, fine, wrong] of ranges) {
    for (const value of fine) assert.ok(rule.holds(value), `${name}: ${value}`);
    for (const value of wrong) assert.not(rule.holds(value), `${name}: ${value}`);
  }
});

test('an option without a default must be given', () => {
  const needed: Rules<{ crop: number }> = { crop: required(whole(1)) };
  checkOptions('augment', { crop: 3 }, needed);
  assert.throws(
    () => checkOptions('augment', {} as { crop: number }, needed),
    /^augment: crop is missing; it is a whole/,
  );
});

test('what is no object of options is refused', () => {
  for (const wrong of [null, 3, 'x', [], true])
    refused(wrong, /takes options { labelSmoothing, stride, reduction, limit }/);
});

test('init looks at its options, also where a device is open already', async () => {
  await init();
  const refusal = (options: object) =>
    init(options).then(
      () => 'accepted',
      (error: Error) => error.message,
    );
  assert.match(await refusal({ limit: 'default' }), /^init: there is no option 'limit'; did you mean 'limits'\?$/);
  assert.match(await refusal({ limits: 'all' }), /^init: limits is 'adapter' or 'default', got 'all'$/);
  assert.match(await refusal({ timeout: 0 }), /^init: timeout is seconds, above 0, got 0$/);
  assert.match(await refusal({ dawn: 'backend=vulkan' }), /^init: dawn is a list of texts/);
  assert.match(await refusal({ unsafe: 1 }), /^init: unsafe is true or false, got 1$/);
});

test.run();
