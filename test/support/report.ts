// How results look: one line a file, then what failed and why.
import type { Failure, Results } from './suite.js';

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code: number) => (text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
const red = paint(31);
const green = paint(32);
const yellow = paint(33);
const dim = paint(2);

/** One line for a file, followed by its failures and skips. */
export function showResults(file: string, { passed, failures, skipped, seconds }: Results): string {
  const mark = failures.length > 0 ? red('FAIL') : passed > 0 ? green('  ok') : yellow('skip');
  const counts = [
    `${String(passed).padStart(4)} passed`,
    failures.length > 0 ? red(`${failures.length} failed`) : '',
    skipped.length > 0 ? yellow(`${skipped.length} skipped`) : '',
  ];
  const line = `${mark}  ${file.padEnd(34)} ${dim(`${seconds.toFixed(2).padStart(7)} s`)} ${counts.filter(Boolean).join(', ')}`;
  return [line, ...failures.map(showFailure)].join('\n');
}

function showFailure({ test, message, diff, stack }: Failure): string {
  const frames = stack.split('\n').filter((line) => !/node:internal|node_modules|support\/(suite|worker)/.test(line));
  const parts = [`${red('×')} ${test}`, `  ${message}`, diff, dim(frames.slice(0, 6).join('\n'))];
  return parts
    .filter((part): part is string => Boolean(part?.trim()))
    .map((part) => part.replace(/^(?=.)/gm, '        '))
    .join('\n');
}

/** What was left out, and why: as loud as a failure. Empty if nothing was. */
export function showSkips(mark: string, skips: { file: string; test: string; reason: string }[]): string {
  const byReason = new Map<string, string[]>();
  for (const { file, test, reason } of skips) {
    byReason.set(reason, [...(byReason.get(reason) ?? []), `${file}: ${test}`]);
  }
  const blocks = [...byReason].map(([reason, tests]) => {
    const shown = tests.slice(0, 6).map((name) => `\n        ${name}`);
    const rest = tests.length > 6 ? `\n        and ${tests.length - 6} more` : '';
    return `${yellow(mark)} (${tests.length}): ${reason}${shown.join('')}${rest}`;
  });
  return blocks.join('\n');
}

/** The last line, for people and for .ci/run. */
export function showTotal(passed: number, failed: number, skipped: number): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
