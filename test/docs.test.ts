// The documentation is true: its TypeScript compiles strictly and runs on the device, its WGSL compiles.
// test/support/document-programs.ts says how pages mark what is special; test/commands.test.ts looks commands up.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { packTar, type TarEntry } from 'modern-tar';
import * as assert from 'uvu/assert';
import { drawnStandIns } from '../src/data/index.js';
import { compile } from '../src/device/commands.js';
import { reflect } from '../src/device/reflect.js';
import { features } from '../src/device/runtime.js';
import { tensor, zeros } from '../src/index.js';
import { writeSafetensors } from '../src/io/index.js';
import { forgetTuned } from '../src/kernels/tuned.js';
import { manualSeed } from '../src/tensor/seed.js';
import { makePng } from './node/made-images.js';
import { useDevice } from './support/device.js';
import {
  agrees,
  compiledFile,
  compilePrograms,
  exported,
  inPage,
  neverCompared,
  type Program,
  programsOf,
} from './support/document-programs.js';
import { documentation, notInLog, parsePage, root, shownOfLogs } from './support/documents.js';
import { Skip, suite } from './support/suite.js';

const test = suite('docs');
const pages = documentation();

for (const entry of ['wgrad', 'wgrad/data', 'wgrad/train', 'wgrad/io', 'wgrad/report', 'wgrad/node']) {
  exported.set(entry, Object.keys(await import(entry)));
}
const programs = pages.flatMap(programsOf);

/** A page with one mistake of each kind. */
const faulty = parsePage(
  'faulty.md',
  `# Faulty

\`\`\`ts
import { add, init, tensor } from 'wgrad';

await init();
const x: string = tensor([1]); // line 7: not a string
console.log(await tensor([2]).item()); // 3
add(tensor([1]), 1); // throws ShapeError: add
add(tensor([1, 2]), tensor([1, 2, 3])); // throws ShapeError: sub
for (const n of [] as number[]) if (n > 0) console.log(n); // 1
\`\`\`

\`\`\`ts more
import { matmul } from 'wgrad';
matmul(tensor([1, 2]), tensor([1, 2, 3]));
\`\`\`

<!-- tables
declare const y: number;
-->

| theirs | ours |
| --- | --- |
| abs | \`Math.abs(y)\`, \`relu(y)\` |
`,
);

/** A page whose promises nothing can compare. */
const uncompared = parsePage(
  'uncompared.md',
  `\`\`\`ts
console.log(1); // 1
console.log(
  2,
); // 2
console.warn(3); // 3
\`\`\`

\`\`\`ts browser
console.log(4); // 4
console.log(5);
add(1); // throws ShapeError: add
\`\`\`
`,
);

/** A folder such as a reader's: pictures by class, single ones, tar shards, and weights named as PyTorch names them. */
async function readersFolder(): Promise<string> {
  const folder = mkdtempSync(`${tmpdir()}/wgrad-docs-`);
  const drawn = drawnStandIns(24, 64, 1);
  const plane = 64 * 64;
  const samples: TarEntry[] = [];
  for (let i = 0; i < drawn.length; i++) {
    const pixels = drawn.pixels(i);
    const file = makePng(
      64,
      64,
      (x, y) => [0, 1, 2].map((c) => pixels[c * plane + y * 64 + x]) as [number, number, number],
    );
    const name = drawn.classes[drawn.label(i)];
    mkdirSync(`${folder}/pictures/${name}`, { recursive: true });
    writeFileSync(`${folder}/pictures/${name}/${i}.png`, file);
    if (i < 2) writeFileSync(`${folder}/${name}.png`, file);
    for (const [extension, body] of [
      ['png', Uint8Array.from(file)],
      ['cls', Buffer.from(name)],
    ] as const)
      samples.push({ header: { name: `${i}.${extension}`, size: body.length }, body });
  }
  mkdirSync(`${folder}/shards`);
  for (let n = 0; n < 3; n++)
    writeFileSync(`${folder}/shards/train-00000${n}.tar`, await packTar(samples.slice(16 * n, 16 * (n + 1))));
  mkdirSync(`${folder}/more`);
  copyFileSync(`${folder}/dog.png`, `${folder}/more/dog.1.png`);
  writeFileSync(
    `${folder}/more/bird.1.png`,
    makePng(64, 64, (x, y) => [x, y, 9]),
  );
  const shapes = {
    ...{ '0.weight': [8, 4], '0.bias': [8], '1.weight': [8], '1.bias': [8], '1.running_mean': [8] },
    ...{ '1.running_var': [8], '1.num_batches_tracked': [], '3.weight': [3, 8], '3.bias': [3] },
  };
  const weights = Object.entries(shapes).map(([name, shape]) => {
    const count = shape.reduce((a, b) => a * b, 1);
    return [name, { shape, data: new Float32Array(count).fill(0.5) }] as const;
  });
  writeFileSync(`${folder}/model.safetensors`, writeSafetensors(weights));
  return folder;
}

const before = { log: console.log, folder: process.cwd(), cache: process.env.WGRAD_CACHE };
let folder = '';
let complaints: string[] = [];

test.before(useDevice);
test.before(async () => {
  folder = await readersFolder();
  process.env.WGRAD_CACHE = `${folder}/cache`;
  complaints = compilePrograms([...programs, ...programsOf(faulty)], [...pages, faulty]);
});
test.after(() => {
  forgetTuned(); // a program has tuned its model
  rmSync(folder, { recursive: true, force: true });
  if (before.cache === undefined) delete process.env.WGRAD_CACHE;
  else process.env.WGRAD_CACHE = before.cache;
});

test('all TypeScript compiles strictly', () => {
  assert.ok(programs.length > 5, `${programs.length} programs`);
  assert.equal(
    complaints.filter((line) => !line.startsWith('faulty.md')),
    [],
  );
});

test('mistakes are found, by page and line', async () => {
  const lines = complaints.filter((line) => line.startsWith('faulty.md')).map((line) => line.match(/^[\w.]+:\d+/)![0]);
  assert.equal(lines.sort(), ['faulty.md:25', 'faulty.md:7']);
  const [program] = programsOf(faulty);
  const wrong = await runProgram(program);
  assert.is(wrong.length, 5, wrong.join('\n'));
  assert.is(wrong[0], "faulty.md:8: says '3' and prints '2'");
  assert.is(wrong[1], "faulty.md:9: says it throws 'ShapeError: add'; it does not");
  assert.match(wrong[2], /^faulty\.md:10: says it throws 'ShapeError: sub'; it is 'ShapeError: add: /);
  assert.match(wrong[3], /ShapeError: matmul: .*faulty\.md:16/s);
  assert.is(wrong[4], "faulty.md:11: says '1' and is never reached");
});

test('no comment says what a line prints or throws where nothing compares it', () => {
  assert.equal(neverCompared(uncompared), [5, 6, 10, 12]);
  assert.equal(
    pages.flatMap((page) => neverCompared(page).map((line) => `${page.path}:${line}`)),
    [],
  );
});

test('output that a page shows stands in a log of the project', () => {
  assert.is(notInLog(['a', '...', 'c'], 'a\nb\nc\n'), null);
  assert.is(notInLog(['c', 'a'], 'a\nb\nc\n'), 'a');
  const wrong = pages.flatMap((page) =>
    shownOfLogs(page).flatMap(({ line, log, lines }) => {
      if (!existsSync(root + log) || log === '') return [`${page.path}:${line}: names no log`];
      const missing = notInLog(lines, readFileSync(root + log, 'utf8'));
      return missing === null ? [] : [`${page.path}:${line}: not in ${log}: ${missing}`];
    }),
  );
  assert.equal(wrong, []);
});

test('every log says what made it, where and when, and is named by a page', () => {
  const text = pages.map(({ lines }) => lines.join('\n')).join('\n');
  for (const name of readdirSync(`${root}docs/logs`)) {
    assert.match(readFileSync(`${root}docs/logs/${name}`, 'utf8'), /^\$ .+\n\d{4}-\d\d-\d\d, .+\n/, name);
    assert.ok(text.includes(`logs/${name}`), `${name} is named by no page`);
  }
});

/** What the programs of pages call; see test/support/document-programs.ts. */
function checksFor({ page, says }: Program, wrong: string[], reached: Set<number>): Record<string, unknown> {
  return {
    shown: (line: number, ...values: unknown[]) => {
      const printed = format(...values);
      const said = says.get(line)!.what;
      reached.add(line);
      if (!agrees(said, printed)) wrong.push(`${page}:${line}: says '${said}' and prints '${printed}'`);
    },
    throwing: async (line: number, message: string, body: () => Promise<unknown>) => {
      const place = `${page}:${line}`;
      reached.add(line);
      try {
        await body();
      } catch (error) {
        const { name, message: actual } = error as Error;
        if (!`${name}: ${actual}`.startsWith(message))
          wrong.push(`${place}: says it throws '${message}'; it is '${name}: ${actual}'`);
        return;
      }
      wrong.push(`${place}: says it throws '${message}'; it does not`);
    },
    has: (asked: string[]) => asked.every((feature) => features().has(feature)),
  };
}

async function runProgram(program: Program): Promise<string[]> {
  const wrong: string[] = [];
  const reached = new Set<number>();
  Object.assign(globalThis, checksFor(program, wrong, reached));
  console.log = () => {};
  manualSeed(0); // as a program of its own begins
  process.chdir(folder);
  try {
    await import(pathToFileURL(compiledFile(program)).href);
  } catch (error) {
    wrong.push(inPage([program], String((error as Error).stack ?? error)));
  } finally {
    console.log = before.log;
    process.chdir(before.folder);
  }
  for (const [line, { what, needs }] of program.says) {
    if (reached.has(line) || needs.some((feature) => !features().has(feature))) continue;
    wrong.push(`${program.page}:${line}: says '${what}' and is never reached`);
  }
  return wrong;
}

for (const program of programs.filter(({ runs }) => runs)) {
  test(`${program.page}: the program of line ${program.line}`, async () => {
    assert.equal(await runProgram(program), []);
  });
}

for (const feature of new Set(programs.flatMap((program) => program.features))) {
  test(`the blocks that need ${feature} were run with the others`, () => {
    if (!features().has(feature)) throw new Skip(`the device has no ${feature}`);
  });
}

test('no block imports what it does not use', () => {
  const unused = programs.flatMap(({ page, line, text, name }) => {
    if (name.endsWith('-tables')) return [];
    const code = [...text.values()].join('\n');
    const names = [...code.matchAll(/^\s*import (?:type )?\{([^}]*)\}/gm)].flatMap(([, list]) => list.split(','));
    const own = names
      .map(
        (n) =>
          n
            .trim()
            .split(/ as | /)
            .at(-1)!,
      )
      .filter(Boolean);
    return own.filter((n) => code.split(new RegExp(`\\b${n}\\b`)).length < 3).map((n) => `${page}:${line}: ${n}`);
  });
  assert.equal(unused, []);
});

test('the launcher of src/kernels/README.md launches its kernel', async () => {
  const program = programs.find(({ page }) => page === 'src/kernels/README.md')!;
  const { scale } = await import(pathToFileURL(compiledFile(program)).href);
  const [x, y] = [tensor([1, -2, 3, 4, 5]), zeros([5])];
  scale(x.buffer, y.buffer, 5, 3);
  assert.equal(await y.data(), Float32Array.of(3, -6, 9, 12, 15));
});

test('every block says what it is, and all WGSL compiles', async () => {
  const known = ['ts', 'wgsl', 'sh', 'html', 'python', 'js', 'yaml', 'text']; // python and js: other libraries'
  for (const { path, blocks } of pages) {
    for (const { language, line, code } of blocks) {
      assert.ok(known.includes(language), `${path}:${line}: '${language}' is none of ${known.join(', ')}`);
      if (language === 'wgsl') {
        await compile(reflect(code)).catch((error) => assert.unreachable(`${path}:${line}: ${error.message}`));
      }
    }
  }
});

test('what is printed is compared with what is said', () => {
  assert.ok(
    agrees('Float32Array [1, -2, 3]', format([1, -2, 3]).replace('[ ', 'Float32Array(3) [').replace(' ]', ']')),
  );
  assert.ok(agrees('0.69', '0.6931'));
  assert.not.ok(agrees('0.70', '0.6931'));
  assert.ok(agrees('about 0.7', '0.65'));
  assert.not.ok(agrees('about 0.7', '0.5'));
  assert.not.ok(agrees('loss 1', 'accuracy 1'));
  assert.not.ok(agrees('54', '55'));
  assert.not.ok(agrees('54', '54.4'));
});

test.run();
