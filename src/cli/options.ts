// The trainer's command line, and the text of --help.
import type { ParseArgsConfig } from 'node:util';
import { UsageError } from '../index.js';
import { meant } from '../options.js';
import { parse } from './parse.js';
import { type PresetName, presets, type RunOptions, SHORT } from './presets.js';
import { bare, type Project } from './project.js';

const usage = (typed: string, does: string) => `  ${typed.padEnd(47)} ${does}`;

/** The text of --help. */
export function help({ about, calls: { train, predict }, pictures, runs }: Project): string {
  return `${about}

${pictures ? usage(bare(train), 'train; the preset follows the adapter') : usage(`${train} --data DIR`, 'train on pictures: one folder a class; the preset follows the adapter')}
${usage(`${train} --data A --data B`, 'on several folders as one set')}
${usage(`${train} --minutes 20`, 'train longer')}
${usage(`${train} --resume`, 'go on with the last run, exactly where it was')}
${usage(`${predict} a.jpg b.png`, "name what is on pictures, by the last run's network, or cat and dog by one that comes along")}
${usage(`${predict} DIR`, 'on all pictures of a folder')}
${usage(`${predict} a.jpg --run DIR`, "by another run's network, or by a file of weights")}

Data
  --data DIR            folder with train/ and test/, or of pictures; several (--data A --data B) are one set. Default:
                        WGRAD_DATA${pictures ? `, then ${pictures.folder}` : ''}; where there is none, drawn stand-ins
  --stand-ins           draw stand-ins even where photographs are at hand
  --limit N             use only N training pictures, evenly from the classes
  --validation F        share of the training pictures kept for validation (0.05)
  --pixels NAME         standard (less the mean, over the deviation, of each channel) | mean-colour (0 to 255 less the mean) |
                        mean-image (0 to 255 less the mean picture, the paper's)
  --no-flip             no mirroring;  --colour-shift F: strength of the paper's colour change (0.1; 0: off)
  --colour-scale NAME   what it multiplies: deviation (along the axis) | eigenvalue (its square, the paper's text)
  --memory SIZE         what decoded pictures may take, as in 500MB or 2GB; more than that are read from disk as they are
                        needed, with the same result (a quarter of what is free, at most 1GB)
  --workers N           threads that prepare batches; they never change the result (1 to 4, by cores)

Network
  --preset NAME         quick: ${presets.quick.about}
                        paper: ${presets.paper.about}
  --variant NAME        paper (groups, local response normalization) | dogcat (batch normalization)
  --width F             scales channels and dense layers
  --image N             side of the crops; --stored N is the side they are cut from
  --dropout F           of the dense layers; half of it after pools in dogcat (${presets.quick.options.dropout}; ${SHORT.dropout} where quick has fewer than ${SHORT.below} epochs)
  --dropout-scaling W   where dropout makes up for what it drops: training (PyTorch's) | evaluation (the paper's)
  --initialization NAME he | paper (deviation 0.01, some biases 1) | uniform (PyTorch's)

Training
  --minutes F           train as many epochs as fit into F minutes, decoding and testing included; some steps are timed
                        first (10 where a CPU stands in for a GPU and the preset is quick; else the preset's epochs)
  --epochs N            train N epochs, however long they take
  --batch N  --lr F  --momentum F  --weight-decay F  --label-smoothing F  --seed N
  --optimizer NAME      sgd | adamw | adam | rmsprop
  --rate-in-velocity    of sgd: the paper's rule, in which a new rate leaves earlier steps as they were
  --schedule NAME       one-cycle | plateau (divides by 10 when validation stalls, as the paper did) | constant
  --watch WORD          what must stall in validation: loss | error (the error rate, the paper's)
  --on-divergence WORD  stop | rollback: when losses explode or are no numbers, stop, or go back to where the run was
                        saved last and on with half the learning rate, three times at most (stop)
  --detect-anomaly      look at every result and gradient: names the op and layer where the first NaN or infinity
                        is made (slower)

Output
  --out DIR             where the run goes (${runs}, ${runs}-2, ...)
  --resume [DIR]        go on with the last run, or with the one in DIR, by the options that it was begun with
  --save-every N        also save every N steps (200), so that little is lost
  --keep N              checkpoints kept, besides the best weights (2): a damaged one is passed over
  --no-ten-crop         leave out the ten-crop test at the end;  --no-pictures: leave pictures out of report.html
  --steps N             save and stop at step N
  --summary             print the table of layers and stop
  --profile             time one training step by kernel and layer, leave a trace for Perfetto, and stop
  --help

Ctrl-C (or SIGTERM, or a closed terminal) stops after the step under way, saves, says how to go on, and exits with 0; with
1 if it could not save. Before training begins there is nothing to save, and a second one does not wait: both exit at once
with 130 (143, 129). A device that is lost is opened again and training goes on from where it was saved last.`;
}

const NUMBERS = ['width', 'image', 'stored', 'dropout', 'batch', 'epochs', 'lr', 'momentum', 'weight-decay'] as const;
const MORE_NUMBERS = [
  'label-smoothing',
  'colour-shift',
  'validation',
  'limit',
  'seed',
  'workers',
  'save-every',
  'steps',
  'keep',
  'minutes',
] as const;
export const NAMES = {
  variant: ['paper', 'dogcat'],
  'dropout-scaling': ['training', 'evaluation'],
  initialization: ['he', 'paper', 'uniform'],
  pixels: ['standard', 'mean-colour', 'mean-image'],
  'colour-scale': ['deviation', 'eigenvalue'],
  optimizer: ['sgd', 'adamw', 'adam', 'rmsprop'],
  schedule: ['one-cycle', 'plateau', 'constant'],
  watch: ['loss', 'error'],
  preset: ['quick', 'paper'],
  'on-divergence': ['stop', 'rollback'],
} as const;

export interface CommandLine {
  command: 'train' | 'predict' | 'help' | 'summary';
  files: string[];
  preset?: PresetName;
  /** Options given on the command line, by name in camelCase. */
  given: Partial<RunOptions>;
  /** Folders, in the order given. */
  data: string[];
  standIns: boolean;
  out?: string;
  /** '' for the last run. */
  resume?: string;
  workers?: number;
  /** Bytes. */
  memory?: number;
  saveEvery: number;
  steps: number;
  keep: number;
  /** What all of the run may take. */
  minutes?: number;
  onDivergence: 'stop' | 'rollback';
  tenCrop: boolean;
  /** Whether report.html shows pictures. */
  pictures: boolean;
  profile: boolean;
  detectAnomaly: boolean;
}

const camel = (name: string) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
/** As it is typed: colourShift is colour-shift. */
export const dashed = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** @throws UsageError that names the option and what it takes. */
export function parseCommandLine(argv: string[]): CommandLine {
  const strings = [...NUMBERS, ...MORE_NUMBERS, ...Object.keys(NAMES), 'memory', 'out', 'resume', 'run'];
  const flags = [
    'flip',
    'rate-in-velocity',
    'ten-crop',
    'pictures',
    'stand-ins',
    'summary',
    'profile',
    'detect-anomaly',
    'help',
  ];
  const options = Object.fromEntries([
    ...strings.map((name) => [name, { type: 'string' as const }]),
    ['data', { type: 'string' as const, multiple: true }],
    ...flags.map((name) => [name, { type: 'boolean' as const }]),
  ]);
  const config: ParseArgsConfig = { args: withResumeValue(argv), options, allowPositionals: true, allowNegative: true };
  const { values, positionals } = parse(config);
  const text = (name: string) => values[name] as string | undefined;
  const given = givenBy(values);
  const [word, ...files] = positionals;
  if (word !== undefined && word !== 'predict' && word !== 'train')
    throw new UsageError(`'${word}' is no command; ${meant(word, ['train', 'predict'])}`);
  if (word === 'predict' && files.length === 0)
    throw new UsageError('predict: name pictures or folders of them, as in: predict a.jpg b.png');
  const {
    workers,
    saveEvery = 200,
    steps = 0,
    keep = 2,
    onDivergence = 'stop',
    preset,
    minutes,
    ...rest
  } = given as Record<string, never>;
  const training = Object.keys(rest)[0];
  if (word === 'predict' && training)
    throw new UsageError(`predict: --${dashed(training)} is for training; predict takes files and --run`);
  return {
    command: values.help ? 'help' : values.summary ? 'summary' : word === 'predict' ? 'predict' : 'train',
    files,
    preset,
    given: rest,
    data: (values.data ?? []) as string[],
    standIns: values['stand-ins'] === true,
    out: text('out'),
    resume: text('resume') ?? (word === 'predict' ? text('run') : undefined),
    workers,
    memory: text('memory') === undefined ? undefined : bytes('memory', text('memory')!),
    saveEvery,
    steps,
    keep,
    minutes,
    onDivergence,
    tenCrop: values['ten-crop'] !== false,
    pictures: values.pictures !== false,
    profile: values.profile === true,
    detectAnomaly: values['detect-anomaly'] === true,
  };
}

/** What was given of the run's options, by their names. */
function givenBy(values: Record<string, unknown>): Record<string, unknown> {
  const text = (name: string) => values[name] as string | undefined;
  const given: Record<string, unknown> = {};
  for (const name of [...NUMBERS, ...MORE_NUMBERS])
    if (text(name) !== undefined) given[camel(name)] = number(name, text(name)!);
  for (const [name, choices] of Object.entries(NAMES)) {
    const value = text(name);
    if (value === undefined) continue;
    if (!(choices as readonly string[]).includes(value))
      throw new UsageError(`--${name} ${value}: one of ${choices.join(', ')}`);
    given[camel(name)] = value;
  }
  for (const name of ['flip', 'rate-in-velocity']) if (values[name] !== undefined) given[camel(name)] = values[name];
  return given;
}

/** --resume may stand without a value. */
function withResumeValue(argv: string[]): string[] {
  return argv.map((arg, i) => (arg === '--resume' && (argv[i + 1] ?? '-').startsWith('-') ? '--resume=' : arg));
}

const UNITS = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 };

function bytes(name: string, text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?) ?([kmgt]?)b?$/i.exec(text.trim()) ?? [];
  if (number === undefined) throw new UsageError(`--${name} ${text}: a number of bytes, as in 500MB or 2GB`);
  return Math.floor(Number(number) * UNITS[`${unit.toLowerCase()}b` as keyof typeof UNITS]);
}

const WHOLE = ['image', 'stored', 'batch', 'epochs', 'limit', 'keep', 'seed', 'workers', 'save-every', 'steps'];
/** Whole numbers of which there must be one; what trains nothing is said before the pictures are decoded. */
const ONE_OR_MORE = WHOLE.slice(0, 6);
const SHARES = ['dropout', 'label-smoothing', 'validation'];

function number(name: string, text: string): number {
  const value = Number(text);
  const refuse = (be: string): never => {
    throw new UsageError(`--${name} ${text}: ${be}`);
  };
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) refuse('a number, 0 or more');
  if (WHOLE.includes(name) && !Number.isInteger(value)) refuse('a whole number');
  if (ONE_OR_MORE.includes(name) && value < 1) refuse('a whole number, 1 or more');
  if (SHARES.includes(name) && value > 1) refuse('a number from 0 to 1');
  if (['width', 'minutes'].includes(name) && value === 0) refuse('a number above 0');
  return value;
}
