// That each planted fault can still be planted. `npm run test:mutants` plants them.
import { existsSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { root } from './copy.js';
import { faults } from './table.js';

const test = suite('mutants/table');

test('each fault fits its file: what is replaced stands there once', () => {
  const text = new Map<string, string>();
  const complaints = faults.flatMap(({ file, find, replace, fault }) => {
    const path = root + file;
    if (!existsSync(path)) return [`${file}: there is no such file`];
    if (!text.has(file)) text.set(file, readFileSync(path, 'utf8'));
    const times = text.get(file)!.split(find).length - 1;
    if (times !== 1) return [`${file}: '${find}' (${fault}) stands there ${times} times`];
    return find === replace ? [`${file}: '${find}' is replaced by itself`] : [];
  });
  assert.equal(complaints, []);
});

test('each names tests that exist', () => {
  for (const { fault, tests } of faults) {
    assert.ok(tests.length > 0, fault);
    for (const file of tests) assert.ok(existsSync(`${root}test/${file}.test.ts`), `${fault}: no test/${file}.test.ts`);
  }
});

test('no two have the same name, and none is planted twice', () => {
  const names = faults.map(({ file, fault }) => `${file}: ${fault}`);
  assert.equal(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
  );
  const changes = faults.map(({ file, find, replace }) => JSON.stringify([file, find, replace]));
  assert.is(new Set(changes).size, changes.length);
});

test('docs/testing.md lists each, with the test that catches it', () => {
  const rows = readFileSync(`${root}docs/testing.md`, 'utf8')
    .split('\n')
    .map((line) => line.split(' | '));
  const missing = faults.filter(({ file, fault, tests }) => {
    const row = rows.find(([where, what]) => where === `| ${file.replace('src/', '')}` && what === fault);
    return !tests.some((name) => row?.[2].startsWith(`${name}: `));
  });
  const names = missing.map(({ file, fault }) => `${file}: ${fault}`);
  assert.equal(names, [], 'plant them (npm run test:mutants -- --missed), and put the table of --markdown there');
});

test.run();
