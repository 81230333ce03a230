// Options that would be ignored in silence.
import { UsageError } from '../index.js';
import { type CommandLine, dashed } from './options.js';
import type { RunOptions } from './presets.js';

const NEEDS: [name: keyof RunOptions, used: (options: RunOptions) => boolean, by: string][] = [
  ['momentum', ({ optimizer }) => optimizer === 'sgd' || optimizer === 'rmsprop', '--optimizer sgd or rmsprop'],
  ['rateInVelocity', ({ optimizer }) => optimizer === 'sgd', '--optimizer sgd'],
  ['warmup', ({ schedule }) => schedule === 'one-cycle', '--schedule one-cycle'],
  ['watch', ({ schedule }) => schedule === 'plateau', '--schedule plateau'],
  ['colourScale', ({ colourShift }) => colourShift > 0, 'a --colour-shift above 0'],
  ['poolDropout', ({ variant }) => variant === 'dogcat', '--variant dogcat'],
  ['area', ({ pixels }) => pixels === 'standard', '--pixels standard'],
  ['jitter', ({ pixels }) => pixels === 'standard', '--pixels standard'],
  ['freeze', ({ from }) => from !== '', 'runs --from weights'],
  ['featuresLr', ({ from }) => from !== '', 'runs --from weights'],
  ['thaw', ({ freeze }) => freeze !== '', 'runs that --freeze something'],
  ['dropoutScaling', ({ dropout }) => dropout > 0, 'a --dropout above 0'],
];

/** @throws UsageError for an option that this run has no use for. */
export function checkUsed(
  { given, minutes, preset }: Pick<CommandLine, 'given' | 'minutes' | 'preset'>,
  options: RunOptions,
): void {
  if (options.from !== '' && preset) throw new UsageError(`--preset ${preset}: runs --from weights have their network`);
  if (options.from !== '' && minutes !== undefined)
    throw new UsageError(`--minutes ${minutes}: runs --from weights take --epochs (${options.epochs})`);
  if (minutes !== undefined && given.epochs !== undefined)
    throw new UsageError('--minutes is for runs whose --epochs are not given');
  for (const [name, used, by] of NEEDS) {
    if (given[name] !== undefined && !used(options)) throw new UsageError(`--${dashed(name)} is for ${by}`);
  }
}

/** @throws UsageError for an option that is another than the run was begun with. */
export function checkResumed(
  { given, minutes, standIns }: CommandLine,
  began: { options: RunOptions; folders: readonly string[] | null },
): void {
  for (const [name, value] of Object.entries(given)) {
    const then = began.options[name as keyof RunOptions];
    if (String(then) === String(value)) continue; // lists of numbers, too
    throw new UsageError(
      `--${dashed(name)} ${value}: the run was begun with ${then}, and goes on with it; begin another without --resume`,
    );
  }
  if (minutes !== undefined)
    throw new UsageError(
      `--minutes ${minutes}: the run was begun with ${began.options.epochs} epochs, and goes on with them; begin another without --resume`,
    );
  if (standIns && began.folders !== null)
    throw new UsageError('--stand-ins: the run was begun with photographs, and goes on with them');
}
