// The public surface: every name that an entry point exports, and every member of it, has a docstring; test/api-names.txt
// lists them, so that a change of the surface is seen where it is reviewed. WGRAD_WRITE_NAMES=1 writes the list anew.
// What is marked @internal is not public. `npm run docs` looks further: at links, and at types that signatures mention.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
// The compiler's own API is marked unstable: package.json pins the version.
import { SyntaxKind } from 'typescript/unstable/ast';
import { API, type InterfaceType, type Project, SymbolFlags, type Symbol as TsSymbol } from 'typescript/unstable/sync';
import * as assert from 'uvu/assert';
import { suite } from './support/suite.js';

const test = suite('api');
const root = fileURLToPath(new URL('../../', import.meta.url));
const list = `${root}test/api-names.txt`;

/** A public name of an entry point, with its public members; undocumented ones of either by their full name. */
interface Name {
  name: string;
  kind: 'class' | 'interface' | 'type' | 'function';
  members: string[];
  undocumented: string[];
}

const surface = new Map<string, Name[]>();

test.before(() => {
  const api = new API({ cwd: root });
  try {
    const project = api.updateSnapshot({ openProjects: [`${root}tsconfig.json`] }).getProjects()[0];
    for (const [entry, file] of entryPoints()) surface.set(entry, namesOf(project, `${root}${file}`));
  } finally {
    api.close();
  }
});

/** ['wgrad/data', 'src/data/index.ts'] and the others, from package.json; './browser' is the first once more. */
function entryPoints(): [string, string][] {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  return Object.entries<string | { default: string }>(exports).flatMap(([path, target]): [string, string][] => {
    const file = typeof target === 'string' ? target : target.default;
    const source = /^\.\/build\/(src\/.*)\.js$/.exec(file)?.[1];
    return source ? [[`wgrad${path.slice(1)}`, `${source}.ts`]] : [];
  });
}

function namesOf(project: Project, file: string): Name[] {
  const { checker, program } = project;
  const exported = checker
    .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!)
    .map((s) => ({ name: s.name, symbol: s.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(s) : s }));
  const all = new Set(exported.map(({ symbol }) => symbol.id));
  const shown = (s: TsSymbol) => s.name.replace(/^__@(\w+)@\d+$/, '[$1]') + (s.flags & SymbolFlags.Optional ? '?' : '');
  const documented = (s: TsSymbol) => checker.getDocumentationCommentOfSymbol(s).trim() !== '';
  return exported
    .filter(({ symbol }) => !isInternal(project, symbol))
    .map(({ name, symbol }) => {
      const members = membersOf(project, symbol, all);
      return {
        name,
        kind: kindOf(symbol),
        members: members.map(shown).sort(),
        undocumented: [
          ...(documented(symbol) ? [] : [name]),
          ...members.filter((member) => !documented(member)).map((member) => `${name}.${shown(member)}`),
        ],
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function kindOf({ flags }: TsSymbol): Name['kind'] {
  if (flags & SymbolFlags.Class) return 'class';
  if (flags & SymbolFlags.Interface) return 'interface';
  return flags & SymbolFlags.TypeAlias ? 'type' : 'function';
}

/** What is declared in it, or in a base that is not exported itself; for a type alias, between its own braces. */
function membersOf(project: Project, owner: TsSymbol, exported: ReadonlySet<number>): TsSymbol[] {
  const { checker } = project;
  if (!(owner.flags & (SymbolFlags.Class | SymbolFlags.Interface | SymbolFlags.TypeAlias))) return [];
  const alias = owner.flags & SymbolFlags.TypeAlias ? owner.declarations[0].resolve(project)! : undefined;
  const type = checker.getDeclaredTypeOfSymbol(owner);
  const members = checker.getPropertiesOfType(type);
  const bases = alias ? [] : checker.getBaseTypes(type as InterfaceType);
  return members.filter((member) => {
    const [declaration] = member.declarations;
    if (!declaration?.path.includes('/src/')) return false;
    const inherited = bases.flatMap((base) => checker.getPropertyOfType(base, member.name) ?? []);
    if ([member, ...inherited].some((m) => isInternal(project, m))) return false;
    if (alias) {
      const { pos } = declaration.resolve(project)!;
      return declaration.path === owner.declarations[0].path && pos >= alias.pos && pos < alias.end;
    }
    const parent = member.getParent();
    return parent === undefined || parent.id === owner.id || !exported.has(parent.id);
  });
}

function isInternal(project: Project, symbol: TsSymbol): boolean {
  if (project.checker.getJsDocTagsOfSymbol(symbol).some(({ name }) => name === 'internal')) return true;
  const node = symbol.declarations[0]?.resolve(project) as { modifiers?: readonly { kind: SyntaxKind }[] } | undefined;
  return node?.modifiers?.some(({ kind }) => kind === SyntaxKind.PrivateKeyword) ?? false;
}

test('every public name and member has a docstring', () => {
  const names = [...surface].flatMap(([entry, all]) => all.map((name) => ({ entry, ...name })));
  assert.ok(names.length > 200, `found ${names.length} names: the walk has lost its way`);
  assert.equal(
    names.flatMap(({ entry, undocumented }) => undocumented.map((name) => `${entry}: ${name}`)),
    [],
  );
});

test('the public names are those of test/api-names.txt', () => {
  const found = [...surface].flatMap(([entry, names]) =>
    names.map(
      ({ kind, name, members }) => `${entry}: ${kind} ${name}${members.length > 0 ? ` { ${members.join(', ')} }` : ''}`,
    ),
  );
  if (process.env.WGRAD_WRITE_NAMES === '1') writeFileSync(list, `${found.join('\n')}\n`);
  const known = readFileSync(list, 'utf8').trimEnd().split(/\r?\n/);
  const without = (from: string[], others: string[]) => from.filter((line) => !others.includes(line));
  assert.equal(
    { added: without(found, known), gone: without(known, found) },
    { added: [], gone: [] },
    'the public names have changed; if that is meant, run this with WGRAD_WRITE_NAMES=1 and commit the list',
  );
});

test.run();
