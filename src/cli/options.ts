// The trainer's command line.
import type { ParseArgsConfig } from 'node:util';
import { UsageError } from '../index.js';
import { meant } from '../options.js';
import { parse } from './parse.js';
import type { PresetName, RunOptions } from './presets.js';

const NUMBERS = ['width', 'image', 'stored', 'dropout', 'batch', 'epochs', 'lr', 'momentum', 'weight-decay'] as const;
const MORE_NUMBERS = [
  'label-smoothing',
  'colour-shift',
  'validation',
  'limit',
  'seed',
  'warmup',
  'ema',
  'area',
  'thaw',
  'features-lr',
  'workers',
  'save-every',
  'steps',
  'keep',
  'minutes',
] as const;
/** Three numbers with commas between, or one for all three. */
const THREES = ['pool-dropout', 'jitter'] as const;
export const NAMES = {
  variant: ['paper', 'dogcat'],
  'dropout-scaling': ['training', 'evaluation'],
  initialization: ['he', 'paper', 'uniform'],
  pixels: ['standard', 'mean-colour', 'mean-image'],
  'colour-scale': ['deviation', 'eigenvalue'],
  optimizer: ['sgd', 'adamw', 'adam', 'rmsprop'],
  schedule: ['one-cycle', 'plateau', 'constant'],
  watch: ['loss', 'error'],
  precision: ['f32', 'f16'],
  preset: ['quick', 'best', 'paper'],
  'on-divergence': ['stop', 'rollback'],
  transport: ['f32', 'f16'],
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
  /** How several processes train together, as in `distribute`. */
  transport?: 'f32' | 'f16';
  shardOptimizer: boolean;
  modelParallel: boolean;
}

const camel = (name: string) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
/** As it is typed: colourShift is colour-shift. */
export const dashed = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const STRINGS = [
  ...[...NUMBERS, ...MORE_NUMBERS, ...THREES, ...Object.keys(NAMES)],
  ...['from', 'freeze', 'memory', 'out', 'resume', 'run'],
];
const FLAGS = [
  'flip',
  'rate-in-velocity',
  'ten-crop',
  'pictures',
  'stand-ins',
  'summary',
  'profile',
  'detect-anomaly',
  'shard-optimizer',
  'model-parallel',
  'help',
];

/** @throws UsageError that names the option and what it takes. */
export function parseCommandLine(argv: string[]): CommandLine {
  const options = Object.fromEntries([
    ...STRINGS.map((name) => [name, { type: 'string' as const }]),
    ['data', { type: 'string' as const, multiple: true }],
    ...FLAGS.map((name) => [name, { type: 'boolean' as const }]),
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
    transport,
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
    transport,
    shardOptimizer: values['shard-optimizer'] === true,
    modelParallel: values['model-parallel'] === true,
  };
}

/** What was given of the run's options, by their names. */
function givenBy(values: Record<string, unknown>): Record<string, unknown> {
  const text = (name: string) => values[name] as string | undefined;
  const given: Record<string, unknown> = {};
  for (const name of [...NUMBERS, ...MORE_NUMBERS])
    if (text(name) !== undefined) given[camel(name)] = number(name, text(name)!);
  for (const name of THREES) if (text(name) !== undefined) given[camel(name)] = three(name, text(name)!);
  for (const name of ['from', 'freeze']) if (text(name) !== undefined) given[name] = words(name, text(name)!);
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

function words(name: string, text: string): string {
  if (text.trim() === '') throw new UsageError(`--${name}: a value is missing`);
  return text.trim();
}

const WHOLE = [
  ...['image', 'stored', 'batch', 'epochs', 'limit', 'keep'],
  ...['seed', 'workers', 'save-every', 'steps', 'thaw'],
];
/** Whole numbers of which there must be one; what trains nothing is said before the pictures are decoded. */
const ONE_OR_MORE = WHOLE.slice(0, 6);
const SHARES = ['dropout', 'label-smoothing', 'validation', 'warmup', 'ema', 'area', ...THREES];

function three(name: string, text: string): number[] {
  const parts = text.split(',');
  if ((parts.length !== 1 && parts.length !== 3) || parts.some((part) => part.trim() === ''))
    throw new UsageError(`--${name} ${text}: three numbers, as in 0.1,0.1,0.2, or one for all three`);
  const numbers = parts.map((part) => number(name, part));
  return numbers.length === 1 ? [numbers[0], numbers[0], numbers[0]] : numbers;
}

function number(name: string, text: string): number {
  const value = Number(text);
  const refuse = (be: string): never => {
    throw new UsageError(`--${name} ${text}: ${be}`);
  };
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) refuse('a number, 0 or more');
  if (WHOLE.includes(name) && !Number.isInteger(value)) refuse('a whole number');
  if (ONE_OR_MORE.includes(name) && value < 1) refuse('a whole number, 1 or more');
  if (SHARES.includes(name) && value > 1) refuse('a number from 0 to 1');
  if (['width', 'minutes', 'area', 'features-lr'].includes(name) && value === 0) refuse('a number above 0');
  return value;
}
