// Functions that several kernels use: src/kernels/shared/ has each once, and every copy is what stands there.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { activeRecorder } from '../../src/device/current.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('kernels/shared');
test.before(useDevice);

const folder = fileURLToPath(new URL('../../../src/kernels/', import.meta.url));
const filesIn = (path: string) =>
  readdirSync(path)
    .filter((name) => name.endsWith('.wgsl'))
    .map((name) => ({ name, text: readFileSync(path + name, 'utf8') }));
const kernels = filesIn(folder);
const shared = filesIn(`${folder}shared/`);

const MARK = ' // shared';

/** A function with the comment above it. */
interface Found {
  file: string;
  signature: string;
  marked: boolean;
  text: string;
}

function functionsOf({ name, text }: { name: string; text: string }): Found[] {
  const each = /((?:^\/\/.*\n)*)^(fn \w+\(.*) (\{.*)$((?:\n(?:[ ].*)?$)*\n\}$)?/gm;
  return [...text.matchAll(each)]
    .filter(([, , , rest]) => !rest.includes('// slot'))
    .map(([whole, , signature, rest]) => {
      const marked = rest.endsWith(MARK);
      const oneLine = rest.replace(MARK, '').endsWith('}');
      const own = oneLine
        ? whole.split('\n').slice(0, whole.split('\n').findIndex((line) => line.startsWith('fn ')) + 1)
        : [whole];
      return { file: name, signature, marked, text: own.join('\n').replace(MARK, '') };
    });
}

const copies = kernels.flatMap(functionsOf);
const originals = new Map(
  shared
    .flatMap(functionsOf)
    .filter(({ marked }) => !marked)
    .map((f) => [f.signature, f]),
);

test('every file of shared functions is valid WGSL by itself', async () => {
  const { device } = activeRecorder().host;
  for (const { name, text } of shared) {
    const { messages } = await device.createShaderModule({ code: text }).getCompilationInfo();
    assert.equal(
      messages.map(({ message }) => `${name}: ${message}`),
      [],
    );
  }
});

test('every copy is the function that stands in shared/', () => {
  const marked = [...copies, ...shared.flatMap(functionsOf)].filter((f) => f.marked);
  assert.ok(marked.length > 60, `${marked.length} copies`);
  const other = marked.filter(({ signature, text }) => originals.get(signature)?.text !== text);
  assert.equal(
    other.map(({ file, signature }) => `${file}: ${signature}`),
    [],
  );
});

test('a function that several kernels have is shared, and each that is shared has several', () => {
  const bySignature = new Map<string, Found[]>();
  for (const copy of copies) bySignature.set(copy.signature, [...(bySignature.get(copy.signature) ?? []), copy]);
  const loadsOfItsOwn = 'fn load_a('; // as wide as the file's tile
  const repeated = [...bySignature].filter(
    ([signature, { length }]) => length > 1 && !signature.startsWith(loadsOfItsOwn),
  );
  const unmarked = repeated.filter(([, found]) => found.some(({ marked }) => !marked));
  assert.equal(
    unmarked.map(([signature, found]) => `${signature}: ${found.map(({ file }) => file).join(', ')}`),
    [],
  );
  assert.equal(
    [...originals.keys()].filter((signature) => (bySignature.get(signature)?.length ?? 0) < 2),
    [],
  );
});

test.run();
