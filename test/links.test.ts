// Every relative link in the project's Markdown leads to a file, and its anchor to a heading.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import * as assert from 'uvu/assert';
import { anchors, documentation, links, markdownFiles, readPage, root } from './support/documents.js';
import { suite } from './support/suite.js';

const test = suite('links');

/** What is wrong with a link of a page, or null. */
function wrong(page: string, target: string): string | null {
  if (/^[a-z]+:/i.test(target)) return null; // to elsewhere
  const [path, anchor] = target.split('#');
  const file = path === '' ? page : posix.normalize(posix.join(posix.dirname(page), decodeURIComponent(path)));
  if (file.startsWith('..')) return 'leads out of the project';
  if (!existsSync(root + file)) return `there is no ${file}`;
  if (anchor === undefined || !file.endsWith('.md') || statSync(root + file).isDirectory()) return null;
  return anchors(readPage(file)).has(decodeURIComponent(anchor)) ? null : `${file} has no heading for #${anchor}`;
}

for (const path of markdownFiles()) {
  test(path, () => {
    const broken = links(readPage(path)).flatMap(([line, target]) => {
      const reason = wrong(path, target);
      return reason === null ? [] : [`${path}:${line}: ${target}: ${reason}`];
    });
    assert.equal(broken, []);
  });
}

test('docs/README.md names every page', () => {
  const listed = links(readPage('docs/README.md')).map(([, target]) => posix.join('docs', target));
  const pages = markdownFiles().filter((path) => /^docs\/[^/]+\.md$/.test(path) && path !== 'docs/README.md');
  assert.equal(
    pages.filter((path) => !listed.includes(path)),
    [],
  );
});

test('files that pages and drawings name exist', () => {
  const named = [...documentation().map(({ path }) => path), 'CHANGELOG.md', 'docs/training-step.svg'];
  const file =
    /(?<![\w./-])(?:src|test|bench|examples|scripts|web|docs)\/[\w./-]+\.(?:ts|mjs|wgsl|md|py|sh|txt|svg)\b/g;
  const wrong = named.flatMap((path) =>
    [...readFileSync(root + path, 'utf8').matchAll(file)]
      .filter(([name]) => !existsSync(root + name) && !/NAME/.test(name))
      .map(([name]) => `${path}: there is no ${name}`),
  );
  assert.equal(wrong, []);
});

test('broken links are seen', () => {
  assert.is(wrong('docs/memory.md', '../README.md'), null);
  assert.match(wrong('docs/memory.md', 'nothing.md')!, /there is no docs\/nothing.md/);
  assert.match(wrong('README.md', 'docs/architecture.md#nothing')!, /no heading/);
  assert.match(wrong('README.md', '../secret')!, /leads out/);
});

test.run();
