// The commands, options and environment variables that the documentation names exist.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { help } from '../examples/dogcat/options.js';
import { documentation, root } from './support/documents.js';
import { suite } from './support/suite.js';

const test = suite('commands');
const pages = documentation();
const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> };
const read = (file: string) => readFileSync(root + file, 'utf8');
const commands = [...read('bin/wgrad.js').matchAll(/^ {2}(\w+): \[/gm)].map(([, name]) => name);

const soakPrograms = readdirSync(`${root}test/soak`).filter((file) => file.endsWith('.ts'));

/** The text that lists a program's options. */
function optionsOf(program: string): string {
  if (program === 'bench') return read('bench/main.ts');
  if (program === 'test:soak') return soakPrograms.map((file) => read(`test/soak/${file}`)).join('');
  return ['dogcat', 'train', 'predict', 'summary'].includes(program) ? help : '';
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

test.run();
