// uvu's `suite`, with an executor of our own: uvu's swallows an exception of a `before` hook, and it cannot run many
// files in one process (one device) with a time and a count for each. Assertions are uvu's.

import { openScope } from '../../src/tensor/scope.js';
import { showResults, showTotal } from './report.js';

type Hook = () => Promise<void> | void;

export interface Failure {
  test: string;
  message: string;
  /** Expected against actual, line by line, where the assertion has it. */
  diff?: string;
  stack: string;
}

/** What the suites of a file did. */
export interface Results {
  passed: number;
  failures: Failure[];
  skipped: { test: string; reason: string }[];
  seconds: number;
}

interface Plan {
  name: string;
  tests: { name: string; body: Hook }[];
  before: Hook[];
  after: Hook[];
  skipped: { test: string; reason: string }[];
}

export interface Suite {
  (name: string, body: Hook): void;
  /** Runs once, before the first test. If it throws, every test of the suite fails. */
  before(hook: Hook): void;
  /** Runs once, after the last test, whatever happened. */
  after(hook: Hook): void;
  /** Leaves a test out, loudly: the runner lists it with its reason. */
  skip(name: string, reason: string): void;
  /** Hands the suite over to be run; the last line of a test file. */
  run(): void;
}

/** Thrown by a `before` hook or by a test: it cannot run here, and may say so instead of failing. */
export class Skip extends Error {}

let queue: Plan[] = [];
let runByHand = true;

/** A group of tests, as uvu's `suite`. */
export function suite(name: string): Suite {
  const plan: Plan = { name, tests: [], before: [], after: [], skipped: [] };
  return Object.assign((title: string, body: Hook) => void plan.tests.push({ name: title, body }), {
    before: (hook: Hook) => void plan.before.push(hook),
    after: (hook: Hook) => void plan.after.push(hook),
    skip: (title: string, reason: string) => void plan.skipped.push({ test: title, reason }),
    run: () => {
      queue.push(plan);
      if (runByHand && queue.length === 1) setTimeout(runAlone);
    },
  });
}

/** For test/support/worker.ts, before it imports test files: they wait for `runSuites`. */
export function deferSuites(): void {
  runByHand = false;
}

/** Runs the suites handed over since the last call, one test after the other; with `bail` until one fails. */
export async function runSuites(onTest: (name: string) => unknown = () => {}, { bail = false } = {}): Promise<Results> {
  const results: Results = { passed: 0, failures: [], skipped: [], seconds: 0 };
  const start = performance.now();
  const plans = queue;
  queue = [];
  for (const plan of plans) await runSuite(plan, results, onTest, bail);
  results.seconds = (performance.now() - start) / 1000;
  return results;
}

async function runSuite(plan: Plan, results: Results, onTest: (name: string) => unknown, bail: boolean): Promise<void> {
  const attempt = async (name: string, hooks: Hook[]): Promise<unknown> => {
    onTest(name);
    try {
      for (const hook of hooks) await hook();
      const left = closeScopes();
      if (left > 0) return new Error(`${left} ${left === 1 ? 'scope was' : 'scopes were'} left open`);
    } catch (error) {
      closeScopes();
      return error ?? new Error(`threw ${error}`);
    }
  };
  results.skipped.push(...plan.skipped);
  const broken = await attempt(`${plan.name} (before)`, plan.before);
  for (const { name, body } of plan.tests) {
    if (bail && results.failures.length > 0) break;
    if (broken instanceof Skip) {
      results.skipped.push({ test: name, reason: broken.message });
      continue;
    }
    const error = broken ?? (await attempt(name, [body]));
    if (error === undefined) results.passed++;
    else if (error instanceof Skip) results.skipped.push({ test: name, reason: error.message });
    else results.failures.push(failure(name, error));
  }
  const error = await attempt(`${plan.name} (after)`, plan.after);
  if (error !== undefined) results.failures.push(failure('after', error));
}

/** A scope that a test leaves open would own what later tests make, whatever they mean to show. */
function closeScopes(): number {
  let left = 0;
  for (let open = openScope(); open; open = openScope()) {
    open.close();
    left++;
  }
  return left;
}

/** How a thrown value is reported. */
export function failure(test: string, thrown: unknown): Failure {
  const error = thrown instanceof Error ? thrown : new Error(`threw ${String(thrown)}`);
  const { details } = error as { details?: unknown };
  const name = error.name === 'Assertion' || error.name === 'Error' ? '' : `${error.name}: `;
  return {
    test,
    message: name + error.message,
    diff: typeof details === 'string' ? details : undefined,
    stack: error.stack?.slice(error.stack.search(/^\s+at /m)) ?? '',
  };
}

/** `node build/test/x.test.js`: one file without the runner. */
async function runAlone(): Promise<void> {
  const results = await runSuites();
  const file = process.argv[1].replace(/.*build\/test\/|\.test\.js$/g, '');
  console.log(showResults(file, results));
  console.log(showTotal(results.passed, results.failures.length, results.skipped.length));
  if (results.failures.length > 0) process.exitCode = 1;
}
