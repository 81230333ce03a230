// The commands, options and environment variables that the documentation names exist.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { checkResumed, checkUsed } from '../src/cli/given.js';
import { help } from '../src/cli/help.js';
import { parseCommandLine } from '../src/cli/options.js';
import { type PresetName, presets } from '../src/cli/presets.js';
import { wgrad } from '../src/cli/project.js';
import { UsageError } from '../src/index.js';
import { documentation, root } from './support/documents.js';
import { suite } from './support/suite.js';

const test = suite('commands');
const pages = documentation();
const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> };
const read = (file: string) => readFileSync(root + file, 'utf8');
const commands = [...read('bin/commands.js').matchAll(/^ {2}(\w+): \w+\(/gm)].map(([, name]) => name);

const soakPrograms = readdirSync(`${root}test/soak`).filter((file) => file.endsWith('.ts'));

/** The text that lists a program's options. */
function optionsOf(program: string): string {
  if (program === 'bench') return read('bench/main.ts');
  if (program === 'gpus') return read('bench/gpus/main.ts');
  if (program === 'launch') return read('src/cli/launch.ts');
  if (program === 'compare') return read('src/cli/compare.ts');
  if (program === 'test:mutants') return read('test/mutants/run.ts');
  if (program === 'test:browser') return read('test/browser/run.ts');
  if (program === 'test:soak') return soakPrograms.map((file) => read(`test/soak/${file}`)).join('');
  return ['dogcat', 'train', 'predict', 'summary'].includes(program) ? help(wgrad) : '';
}

/** What is wrong with the commands that a line shows. */
function wrongCommands(text: string): string[] {
  const wrong: string[] = [];
  for (const [, runner, name = '', rest] of text.matchAll(/\b(npm run|npx wgrad)(?: --silent)? ([\w:.]+)([^`|#]*)/g)) {
    const known = runner === 'npm run' ? name in scripts : commands.includes(name);
    if (!known) wrong.push(`there is no ${runner} ${name}`);
    if (name === 'example' && !existsSync(`${root}${rest.trim().split(' ')[0]}`)) wrong.push(`there is no${rest}`);
    for (const [option] of rest.matchAll(/--[a-z][\w-]*/g)) {
      if (known && !optionsOf(name).includes(option.replace(/^--no-/, '--')) && !optionsOf(name).includes(option)) {
        wrong.push(`${runner} ${name} has no ${option}`);
      }
    }
  }
  return wrong;
}

test('every command exists, with its options', () => {
  const wrong = pages.flatMap(({ path, lines }) =>
    lines.flatMap((text, i) => wrongCommands(text).map((what) => `${path}:${i + 1}: ${what}`)),
  );
  assert.equal(wrong, []);
  assert.equal(wrongCommands('`npm run dogcat -- --epochs 3 --no-flip` and npx wgrad train'), []);
  assert.equal(wrongCommands('npx wgrad train --epoch-count 3'), ['npx wgrad train has no --epoch-count']);
  assert.equal(wrongCommands('npm run nothing'), ['there is no npm run nothing']);
});

test('every environment variable is read somewhere', () => {
  const sources = ['src', 'bench', 'examples', 'test', 'scripts'].flatMap((top) =>
    readdirSync(root + top, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(ts|mjs)$/.test(file) && !file.includes('node_modules'))
      .map((file) => read(`${top}/${file}`)),
  );
  for (const { path, lines } of pages) {
    for (const [name] of lines.join('\n').matchAll(/\bWGRAD_[A-Z]+\b/g)) {
      assert.ok(
        sources.some((source) => source.includes(name)),
        `${path}: ${name} is read nowhere`,
      );
    }
  }
});

test('memory is a number of bytes, with a unit or without', () => {
  const bytes = (text: string) => parseCommandLine(['--memory', text]).memory;
  assert.equal(['1GB', '1.5 gb', '500MB', '2tb', '64k', '4096', '10B', '0'].map(bytes), [
    1e9,
    ...[1.5e9, 5e8, 2e12, 64e3, 4096, 10, 0],
  ]);
  assert.is(parseCommandLine([]).memory, undefined);
  for (const text of ['much', '1 apple', '-1', '1e9', '', 'GB', '1GiB', 'NaN'])
    assert.throws(
      () => bytes(text),
      (e: Error) => e instanceof UsageError && /^--memory/.test(e.message),
      text,
    );
});

test('values that train nothing are refused where they are typed, before pictures are decoded', () => {
  for (const [text, message] of [
    ['--epochs 0', '--epochs 0: a whole number, 1 or more'],
    ['--batch 0', '--batch 0: a whole number, 1 or more'],
    ['--limit 0', '--limit 0: a whole number, 1 or more'],
    ['--keep 0', '--keep 0: a whole number, 1 or more'],
    ['--image 1.5', '--image 1.5: a whole number'],
    ['--width 0', '--width 0: a number above 0'],
    ['--minutes 0', '--minutes 0: a number above 0'],
    ['--minutes soon', '--minutes soon: a number, 0 or more'],
    ['--validation 2', '--validation 2: a number from 0 to 1'],
    ['--dropout 1.5', '--dropout 1.5: a number from 0 to 1'],
    ['--lr x', '--lr x: a number, 0 or more'],
    ['--pool-dropout 0.1,0.2', '--pool-dropout 0.1,0.2: three numbers, as in 0.1,0.1,0.2, or one for all three'],
    ['--jitter 0.1,,0.2', '--jitter 0.1,,0.2: three numbers, as in 0.1,0.1,0.2, or one for all three'],
    ['--jitter 2', '--jitter 2: a number from 0 to 1'],
    ['--area 0', '--area 0: a number above 0'],
    ['--from=', '--from: a value is missing'],
  ]) {
    assert.throws(
      () => parseCommandLine(text.split(' ')),
      (e: unknown) => e instanceof UsageError && e.message === message,
    );
  }
  assert.is(parseCommandLine(['--steps', '0', '--workers', '0', '--seed', '0', '--dropout', '1']).steps, 0);
});

test('three numbers, or one for all three', () => {
  const { given } = parseCommandLine(['--pool-dropout', '0.05,0.1,0.2', '--jitter', '0.25']);
  assert.equal(given, { poolDropout: [0.05, 0.1, 0.2], jitter: [0.25, 0.25, 0.25] });
});

test('a misspelt option is answered with the one that was meant', () => {
  const refusal = (...argv: string[]) => {
    try {
      parseCommandLine(argv);
    } catch (error) {
      assert.instance(error, UsageError);
      return (error as Error).message;
    }
    return 'accepted';
  };
  assert.is(refusal('--epoch', '3'), "Unknown option '--epoch'; did you mean --epochs? --help lists the options");
  assert.match(refusal('--batch_size', '3'), /^Unknown option '--batch_size'; --help lists the options$/);
  assert.is(refusal('--epochs', '-1'), '--epochs: a value cannot begin with a dash; --help lists the options');
  assert.match(refusal('--lr', '-1'), /^--lr: a value cannot begin with a dash/);
});

test('a misspelt command is answered with the one that was meant', () => {
  assert.throws(() => parseCommandLine(['trian']), /^'trian' is no command; did you mean 'train'\?$/);
  assert.throws(() => parseCommandLine(['a.jpg']), /^'a\.jpg' is no command; known are train, predict$/);
  const wgradBin = (...args: string[]) => {
    const { status, stderr } = spawnSync(process.execPath, [`${root}bin/wgrad.js`, ...args], { encoding: 'utf8' });
    return [status, stderr.split('\n')[0]];
  };
  assert.equal(wgradBin('predcit', 'a.jpg'), [2, "wgrad: 'predcit' is no command; did you mean 'predict'?"]);
  for (const command of ['doctor', 'train', 'compare', 'summary', 'bench', 'gpus'])
    assert.equal(wgradBin(command, '--hlep'), [
      1,
      "Unknown option '--hlep'; did you mean --help? --help lists the options",
    ]);
});

test('what commands write on standard error is passed on, but for Dawn’s greeting', () => {
  const program = (text: string) => ['-e', `process.stderr.write(${JSON.stringify(text)})`];
  const greeting = (kind: string) =>
    `Warning: maxDynamic${kind}BuffersPerPipelineLayout artificially reduced from 1000000 to 16 to fit dynamic offset allocation limit.\n`;
  const started = (text: string) => {
    const script = `import { start } from ${JSON.stringify(`${root}bin/start.js`)}; start(${JSON.stringify(program(text))});`;
    return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stderr;
  };
  const other = 'Warning: maxDynamicUniformBuffersPerPipelineLayout artificially reduced\nWarning: no driver\n';
  assert.is(started(`${greeting('Uniform')}one\n${greeting('Storage')}${other}`), `one\n${other}`);
});

test('compare puts runs into one report, and names a folder that is none', () => {
  const home = mkdtempSync(`${tmpdir()}/wgrad-compare-`);
  for (const [name, loss] of [
    ['slow', 0.5],
    ['fast', 0.25],
  ] as const) {
    mkdirSync(`${home}/${name}`);
    writeFileSync(`${home}/${name}/metrics.csv`, `epoch,step,learningRate,seconds,loss\n1,10,0.1,2,${loss}\n`);
  }
  writeFileSync(`${home}/fast/run.json`, '{ "title": "the fast one", "configuration": { "momentum": 0.75 } }');
  const compare = (...args: string[]) =>
    spawnSync(process.execPath, [`${root}bin/wgrad.js`, 'compare', ...args], { cwd: home, encoding: 'utf8' });
  assert.is(compare('slow', 'fast', '--out', 'both.html').stdout, '2 runs compared: both.html\n');
  assert.match(readFileSync(`${home}/both.html`, 'utf8'), /slow[\s\S]*fast[\s\S]*momentum[\s\S]*0\.75/);
  const wrong = compare('slow', 'quick');
  assert.equal(
    [wrong.status, wrong.stderr],
    [1, 'quick/metrics.csv: cannot be read (there is no such file or folder: ENOENT)\n'],
  );
  assert.match(compare('slow').stderr, /^compare: name two runs or more/);
  rmSync(home, { recursive: true });
});

test('the help of an installed package speaks of no other folders than its user’s', () => {
  assert.not.match(help(wgrad) + wgrad.advice, /npm run|\.\.\/|Dogs|Kaggle|examples|docs\//);
  assert.match(help(wgrad), /npx wgrad predict DIR/);
});

test('options of the trainer that would be ignored are refused', () => {
  const line = (text: string) => parseCommandLine(text.split(' '));
  const refuses = (body: () => void, message: RegExp) =>
    assert.throws(body, (e: unknown) => e instanceof UsageError && message.test(e.message), String(message));
  const used = (text: string, preset: PresetName) => {
    const typed = line(text);
    checkUsed(typed, { ...presets[preset].options, ...typed.given });
  };
  refuses(() => used('--momentum 0.8', 'quick'), /^--momentum is for --optimizer sgd or rmsprop$/);
  refuses(() => used('--rate-in-velocity', 'quick'), /^--rate-in-velocity is for --optimizer sgd$/);
  refuses(() => used('--watch error', 'quick'), /^--watch is for --schedule plateau$/);
  refuses(
    () => used('--colour-shift 0 --colour-scale deviation', 'paper'),
    /^--colour-scale is for a --colour-shift above 0$/,
  );
  refuses(
    () => used('--dropout 0 --dropout-scaling training', 'paper'),
    /^--dropout-scaling is for a --dropout above 0$/,
  );
  refuses(() => used('--minutes 5 --epochs 3', 'quick'), /^--minutes is for runs whose --epochs are not given$/);
  refuses(() => used('--pool-dropout 0.1', 'paper'), /^--pool-dropout is for --variant dogcat$/);
  refuses(() => used('--area 0.5', 'paper'), /^--area is for --pixels standard$/);
  refuses(() => used('--warmup 0.1', 'paper'), /^--warmup is for --schedule one-cycle$/);
  refuses(() => used('--freeze conv*', 'quick'), /^--freeze is for runs --from weights$/);
  refuses(() => used('--from x --thaw 3', 'quick'), /^--thaw is for runs that --freeze something$/);
  refuses(() => used('--from x --preset best', 'quick'), /^--preset best: runs --from weights have their network$/);
  refuses(() => used('--from x --minutes 3', 'quick'), /^--minutes 3: runs --from weights take --epochs \(10\)$/);
  used('--from x --freeze conv* --thaw 3 --features-lr 0.01 --area 0.5 --jitter 0.1', 'best');
  used('--momentum 0.8 --no-rate-in-velocity --watch loss --colour-scale deviation', 'paper');
  used('--optimizer sgd --momentum 0.8 --rate-in-velocity --schedule plateau --watch error', 'quick');

  const began = { options: presets.quick.options, folders: ['data'] };
  refuses(
    () => checkResumed(line('--resume --epochs 24'), began),
    /^--epochs 24: the run was begun with 10, and goes on with it/,
  );
  refuses(
    () => checkResumed(line('--resume --minutes 20'), began),
    /^--minutes 20: the run was begun with 10 epochs, and goes on with them/,
  );
  refuses(
    () => checkResumed(line('--resume --jitter 0.1,0.2,0.3'), began),
    /^--jitter 0.1,0.2,0.3: the run was begun with 0,0,0/,
  );
  checkResumed(line('--resume --jitter 0'), began);
  refuses(() => checkResumed(line('--resume --no-flip'), began), /^--flip false: the run was begun with true/);
  refuses(() => checkResumed(line('--resume --stand-ins'), began), /^--stand-ins: the run was begun with photographs/);
  checkResumed(line('--resume --epochs 10 --steps 5 --workers 2'), began);
  refuses(() => line('predict a.jpg --weight-decay 3'), /^predict: --weight-decay is for training/);
  assert.is(line('predict a.jpg --run x').resume, 'x');
  assert.equal([line('--data A --data B').data, line('train').data], [['A', 'B'], []]);
});

test.run();
