// uvu's suites, run one after the other by test/run.ts in one process on one device. A file can also be run alone.
import { suite as uvuSuite } from 'uvu';

interface Tally {
  passed: number;
  failed: number;
  skipped: { name: string; reason: string }[];
}

interface Test {
  (name: string, body: () => Promise<void> | void): void;
  /** Runs once, before the first test. */
  before(hook: () => Promise<void> | void): void;
  /** Runs once, after the last test. */
  after(hook: () => Promise<void> | void): void;
  /** Leaves a test out, loudly: the runner lists it with its reason. */
  skip(name: string, reason: string): void;
  run(): void;
}

/** What all suites of this process did; the runner prints it. */
export const tally: Tally = { passed: 0, failed: 0, skipped: [] };

/** A group of tests, as uvu's `suite`. */
export function suite(name: string): Test {
  const inner = uvuSuite(name);
  const test = ((title, body) => {
    inner(title, async () => {
      try {
        await body();
        tally.passed++;
      } catch (error) {
        tally.failed++;
        throw error;
      }
    });
  }) as Test;
  test.before = (hook) => {
    inner.before(async () => {
      try {
        await hook();
      } catch (error) {
        tally.failed++;
        throw error;
      }
    });
  };
  test.after = (hook) => inner.after(hook);
  test.skip = (title, reason) => {
    tally.skipped.push({ name: `${name}: ${title}`, reason });
    inner.skip(title);
  };
  test.run = () => {
    inner.run();
  };
  return test;
}
