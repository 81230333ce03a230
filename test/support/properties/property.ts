// What a property of an op is, and how one is tried: random cases, and on a failure the smallest case that still fails,
// with all that it takes to try it again.
import fc from 'fast-check';
import { startTally, tally } from './trial.js';

/** Something that holds for every case: an op agrees with a plain float64 reference, forward and in every gradient. */
export interface Property<Case = never> {
  /** The exports of src/autograd/ops that it covers. */
  covers: readonly string[];
  /** Cases as plain data, so that a printed one can be pasted into a test. */
  cases: fc.Arbitrary<Case>;
  /** @throws if it does not hold. */
  check(given: Case): Promise<void>;
  /** Cases in `npm test`. Each new pipeline costs up to a second to compile on software adapters, a case some ms. */
  few: number;
  /** Its share of the cases of a soak run. */
  share: number;
}

/** For a table of properties, each with cases of its own kind. */
// biome-ignore lint/suspicious/noExplicitAny: a case only ever meets its own property
export type AnyProperty = Property<any>;

/** What decides which cases are drawn. */
export interface Draw {
  seed: number;
  cases: number;
  /** Of a failure: goes straight to its case. */
  path?: string;
}

/** What came of it. */
export interface Held {
  /** How many cases held. */
  cases: number;
  /** How many were outside of the property's domain, and drawn again. */
  redrawn: number;
  /** Of the values compared that were not zero, the share that zeros would have passed for. */
  blind: number;
}

/** Where most of what is compared is no larger than its rounding, a property tests little. */
const MOST_BLIND = 0.4;

/**
 * Tries a property. Cases outside of its domain are drawn again, and do not count.
 * @throws an Error with the shrunk case and how to try it again; or if its comparisons could hardly have failed.
 */
export async function holds(
  name: string,
  { cases, check }: AnyProperty,
  { seed, cases: runs, path }: Draw,
): Promise<Held> {
  startTally();
  const property = fc.asyncProperty(cases, check);
  const result = await fc.check(property, { seed, numRuns: runs, ...(path ? { path } : {}) });
  if (!result.failed) {
    const blind = tally.blind / Math.max(tally.values, 1);
    if (blind > MOST_BLIND && !path) {
      throw new Error(
        `${(100 * blind).toFixed(0)} % of the values compared are no larger than what they may be off by`,
      );
    }
    return { cases: result.numRuns, redrawn: result.numSkips, blind };
  }
  const [smallest] = result.counterexample ?? [];
  const { message, stack } = (result.errorInstance ?? new Error('hardly a case is in its domain')) as Error;
  const again = `node scripts/run.mjs test/soak/properties.soak.ts ${name} --seed ${result.seed} --path ${result.counterexamplePath}`;
  const error = new Error(
    `${message}\nfound by case ${result.numRuns}, made smaller ${result.numShrinks} times. Again:\n  ${again}\n` +
      `as a test of its own:\n  test('${name}: ...', () => properties.${name}.check(${fc.stringify(smallest)}));`,
  );
  error.stack = `${error.message}\n${stack?.slice(stack.search(/^\s+at /m)) ?? ''}`;
  throw error;
}
