// The TypeScript of a page as programs under build/docs, each line at the number that it has in the page, so that the
// compiler's and the runtime's messages name the page's lines. A block that imports begins a program, one that does not
// goes on with it. Words after `ts` in the fence change that:
//
//   ts more        goes on with the program before, though it imports
//   ts browser     a program of its own for a page: checked by the compiler; test/browser/documents.ts runs it
//   ts FEATURE     goes on with the program before, and is run where the device has this feature, such as `timestamp-query`
//
// In these blocks, two kinds of comments at a line's end are checked:
//
//   console.log(x); // what it prints: whole numbers exactly, others as far as they are written; `about 0.7` to a tenth
//   statement;      // throws ShapeError: what its message begins with
//
// A line with such a comment must be reached, and a comment behind a `console.log` that cannot be compared is a mistake:
// `neverCompared` finds those in blocks for pages, and behind calls of several lines.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { posix } from 'node:path';
import { reflect } from '../../src/device/reflect.js';
import { type Block, codeSpans, type Page, root, tableCells } from './documents.js';

export interface Program {
  page: string;
  /** Of its first block. */
  line: number;
  /** Its file below build/docs, without extension. */
  name: string;
  /** False for pages' programs, and for tables. */
  runs: boolean;
  /** Features of the device that some of it needs. */
  features: string[];
  /** Lines of the page, by number from 1; blank where they are not this program's. */
  text: Map<number, string>;
  /** What a comment says that its line prints or throws, by the line's number. */
  says: Map<number, Said>;
}

/** What a comment promises of its line. */
export interface Said {
  what: string;
  /** Features of the device without which the line is not run. */
  needs: readonly string[];
}

const folder = `${root}build/docs/`;
const WORDS = ['more', 'browser'];

/** A page's programs, in order. */
export function programsOf(page: Page): Program[] {
  const programs: Program[] = [];
  const begin = (line: number, runs: boolean): Program => {
    const name = `${page.path.replace(/\.md$/, '').replaceAll('/', '-')}-${line}`;
    const program = { page: page.path, line, name, runs, features: [], text: new Map(), says: new Map() };
    programs.push(program);
    return program;
  };
  let current: Program | undefined;
  for (const block of page.blocks) {
    if (block.language === 'html') for (const script of scriptsOf(block)) add(begin(script.line, false), script);
    if (block.language !== 'ts') continue;
    if (block.words.includes('browser')) {
      add(begin(block.line, false), block);
      continue;
    }
    const begins = /^import /m.test(block.code) && block.words.length === 0;
    if (begins || !current) current = begin(block.line, true);
    add(current, block);
  }
  const table = tableProgram(page);
  return table ? [...programs, table] : programs;
}

function add(program: Program, { code, line, words }: Block): void {
  const features = words.filter((word) => !WORDS.includes(word));
  program.features.push(...features);
  const lines = code.trimEnd().split('\n');
  if (features.length > 0) {
    const first = lines.findLastIndex((text) => /^import |^\} from /.test(text)) + 1;
    lines[first] = `if (has(${JSON.stringify(features)})) { ${lines[first]}`;
    lines.push('}');
  }
  for (const [i, text] of lines.entries()) program.text.set(line + i, checked(program, line + i, text, features));
}

const PRINTS = /^(.*?)console\.log\((.*)\); \/\/ (.+)$/;
const THROWS = /^(\s*)(.*); \/\/ throws (.+)$/;

/** Puts the checks of its comment into a line. */
function checked(program: Program, line: number, text: string, needs: readonly string[]): string {
  const [, before, printed, said] = PRINTS.exec(text) ?? [];
  if (said !== undefined) {
    program.says.set(line, { what: said, needs });
    return `${before}shown(${line}, ${printed});`;
  }
  const [, indent, body, error] = THROWS.exec(text) ?? [];
  if (error === undefined) return text;
  program.says.set(line, { what: `throws ${error}`, needs });
  return `${indent}await throwing(${line}, ${JSON.stringify(error)}, async () => { ${body}; });`;
}

/** Lines of a page whose comments say what is printed or thrown, where nothing compares it. */
export function neverCompared({ blocks }: Page): number[] {
  return blocks.flatMap((block) => {
    const scripts = block.language === 'html' ? scriptsOf(block) : block.language === 'ts' ? [block] : [];
    const runs = block.language === 'ts' && !block.words.includes('browser');
    return scripts.flatMap(({ code, line }) => {
      const at = (place: number) => line + code.slice(0, place).split('\n').length - 1;
      const commented = [...code.matchAll(/\bconsole\.\w+\(/g)].flatMap(({ index }) => {
        const end = endOfCall(code, code.indexOf('(', index));
        const [rest] = code.slice(end).split('\n', 1);
        return /^[);}\s]*\/\/ /.test(rest) ? [{ first: at(index), last: at(end) }] : [];
      });
      const isCompared = (number: number) => runs && PRINTS.test(code.split('\n')[number - line]);
      const prints = commented.filter(({ first, last }) => first !== last || !isCompared(first));
      const throws = code.split('\n').flatMap((text, i) => (!runs && THROWS.test(text) ? [line + i] : []));
      return [...prints.map(({ last }) => last), ...throws];
    });
  });
}

/** The place behind the parenthesis that closes the one at `open`. */
function endOfCall(code: string, open: number): number {
  let depth = 0;
  for (let i = open; i < code.length; i++) {
    if (code[i] === '(') depth++;
    if (code[i] === ')' && --depth === 0) return i + 1;
  }
  return code.length;
}

/** The modules written in a block of HTML, as blocks. */
function scriptsOf({ code, line }: Block): Block[] {
  return [...code.matchAll(/<script type="module">\n?(.*?)<\/script>/gs)].map((match) => {
    const start =
      code.slice(0, match.index).split('\n').length + (match[0].startsWith('<script type="module">\n') ? 1 : 0);
    return { language: 'ts', words: [], code: match[1], line: line + start - 1 };
  });
}

/**
 * The code in the last column of a page's tables, if the page says what its names are: an HTML comment `<!-- tables`
 * with declarations. Each must be a statement that compiles with them and everything that the library exports.
 */
function tableProgram(page: Page): Program | null {
  const start = page.lines.indexOf('<!-- tables');
  if (start < 0) return null;
  const end = page.lines.indexOf('-->', start);
  const text = new Map(page.lines.slice(start + 1, end).map((line, i) => [start + 2 + i, line]));
  let inHead = true;
  for (const [line, prose] of page.prose) {
    const cells = tableCells(prose);
    if (cells === null) inHead = !/^[|\s:-]+$/.test(prose) || prose === '';
    else if (!inHead) text.set(line, codeSpans(cells.at(-1)!).map(statement).join(' '));
  }
  const name = `${page.path.replace(/\.md$/, '').replaceAll('/', '-')}-tables`;
  const declared = [...text.values()].join('\n').match(/(?<=declare (?:const|function|class) )\w+/g) ?? [];
  text.set(1, everything(declared));
  return { page: page.path, line: start + 1, name, runs: false, features: [], text, says: new Map() };
}

const statement = (code: string) =>
  `async () => { ${/^(using|const|class|for) /.test(code) ? code : `(${code.replace(/;$/, '')})`}; };`;

/** Names by entry point, for tables; test/docs.test.ts fills it in. */
export const exported = new Map<string, string[]>();

function everything(except: readonly string[]): string {
  const taken = new Set(except);
  const imports = [...exported].map(([entry, names]) => {
    const own = names.filter((name) => !taken.has(name));
    for (const name of own) taken.add(name);
    return `import { ${own.join(', ')} } from '${entry}';`;
  });
  return imports.join(' ');
}

/** A program with each line at its number. Relative imports are those of a file beside the page. */
export function textOf({ text, page }: Program): string {
  const last = Math.max(...text.keys());
  const all = Array.from({ length: last }, (_, i) => text.get(i + 1) ?? '').join('\n');
  const own = all.replace(/(?<= from ')\.[^']+(?=')/g, (path) =>
    path === KERNELS ? `./${kernelsOf(page)}.js` : `../${posix.join(posix.dirname(page), path)}`,
  );
  return `${own}\nexport {};\n`;
}

const KERNELS = './sources.gen.js';
const kernelsOf = (page: string) => `${page.replace(/\.md$/, '').replaceAll('/', '-')}-kernels`;

/** The kernels that a page shows, as scripts/embed-wgsl.mjs would embed them. */
function writeKernels({ path, blocks }: Page): void {
  const kernels = blocks.filter(({ language }) => language === 'wgsl').map(({ code }) => reflect(code));
  if (kernels.length === 0) return;
  const exports = kernels.map((kernel) => `export const ${kernel.name} = ${JSON.stringify(kernel)} as const;\n`);
  writeFileSync(`${folder}${kernelsOf(path)}.ts`, exports.join(''));
}

/** Declarations of what `checked` puts into programs. */
export const GLOBALS = `/** The checks that test/docs.test.ts puts into programs. */
declare function shown(line: number, ...values: unknown[]): void;
declare function throwing(line: number, message: string, body: () => Promise<unknown>): Promise<void>;
declare function has(features: readonly string[]): boolean;
`;

/** Writes the programs and compiles them strictly. Returns the compiler's complaints by page and line. */
export function compilePrograms(programs: readonly Program[], pages: readonly Page[]): string[] {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}globals.d.ts`, GLOBALS);
  for (const page of pages) writeKernels(page);
  for (const program of programs) writeFileSync(`${folder}${program.name}.ts`, textOf(program));
  const compilerOptions = {
    ...{ rootDir: '.', outDir: '.', incremental: false, declaration: false, noEmitOnError: false },
    ...{ tsBuildInfoFile: null, noUnusedLocals: false, noUnusedParameters: false, allowJs: false, checkJs: false },
    ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
  };
  writeFileSync(
    `${folder}tsconfig.json`,
    JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include: ['*.ts'], exclude: [] }),
  );
  const compiler = [`${root}node_modules/typescript/bin/tsc`, '--project', folder, '--pretty', 'false'];
  const { stdout, stderr, status } = spawnSync(process.execPath, compiler, { cwd: folder, encoding: 'utf8' });
  const complaints = stdout.split('\n').filter((line) => /error TS/.test(line));
  if (status !== 0 && complaints.length === 0) return [`tsc: ${stdout}${stderr}`];
  return complaints.map((line) => inPage(programs, line));
}

/** A compiler's or a runtime's message with the page's path and line instead of the program's. */
export function inPage(programs: readonly Program[], message: string): string {
  return programs.reduce(
    (text, { name, page }) =>
      text.replace(new RegExp(`\\S*\\b${name}\\.ts[(:](\\d+)(?:[,:]\\d+\\)?)?`, 'g'), `${page}:$1`),
    message,
  );
}

/** Where a program lies once compiled. */
export const compiledFile = ({ name }: Program): string => `${folder}${name}.js`;

/** Whether a printed text is what the page says: white space aside, numbers to the digits written. */
export function agrees(said: string, printed: string): boolean {
  const [about, rest] = said.startsWith('about ') ? [0.1, said.slice(6)] : [0, said];
  const number = /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/g;
  const plain = (text: string) =>
    text
      .replace(/(Array)\(\d+\)/g, '$1')
      .replace(/\s+/g, ' ')
      .replace(/(?<=[[{]) | (?=[\]}])/g, '')
      .trim();
  const words = (text: string) => plain(text).split(number);
  const numbers = (text: string) => plain(text).match(number) ?? [];
  const [expected, actual] = [numbers(rest), numbers(printed)];
  if (words(rest).join('\0') !== words(printed).join('\0')) return false;
  return expected.every((text, i) => {
    const [wanted, got] = [Number(text), Number(actual[i])];
    if (about > 0) return Math.abs(wanted - got) <= about * Math.abs(wanted);
    const decimals = text.split('.')[1]?.length ?? 0;
    if (decimals === 0 || text.includes('e')) return wanted === got;
    return Math.abs(wanted - got) <= 0.5 * 10 ** -decimals * (1 + 1e-9);
  });
}
