// The project's Markdown, as far as tests need it: fenced blocks, tables, headings and links, each with its line.
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A fenced block of code. */
export interface Block {
  /** Of the fence: `ts`, `wgsl`, `sh`, or '' where none is given. */
  language: string;
  /** What follows the language, such as `browser`. */
  words: string[];
  code: string;
  /** Line of the code's first line in the page, from 1. */
  line: number;
}

export interface Page {
  /** Below the project's root. */
  path: string;
  lines: string[];
  blocks: Block[];
  /** Lines outside of fenced blocks, by number from 1. */
  prose: [line: number, text: string][];
}

const NOT_OURS = /(^|\/)(node_modules|build|runs|\.git|\.gpu)(\/|$)/;

/** Every Markdown file of the project, below its root. */
export function markdownFiles(): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(root + folder, { withFileTypes: true })) {
      const path = folder + entry.name;
      if (NOT_OURS.test(path)) continue;
      if (entry.isDirectory()) walk(`${path}/`);
      else if (path.endsWith('.md')) found.push(path);
    }
  };
  walk('');
  return found.sort();
}

/** The pages whose code is tested. */
export function documentation(): Page[] {
  const named = ['README.md', 'src/kernels/README.md', 'examples/README.md'];
  return markdownFiles()
    .filter((path) => named.includes(path) || /^docs\/[^/]+$/.test(path))
    .map(readPage);
}

const FENCE = /^( *)(`{3,})([^`]*)$/;

export function readPage(path: string): Page {
  return parsePage(path, readFileSync(root + path, 'utf8'));
}

export function parsePage(path: string, text: string): Page {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  const prose: Page['prose'] = [];
  let open: { block: Block; fence: string; indent: number } | null = null;
  for (const [i, text] of lines.entries()) {
    const [, indent, fence, info] = FENCE.exec(text) ?? [];
    if (open && fence !== undefined && fence.length >= open.fence.length && info.trim() === '') {
      blocks.push(open.block);
      open = null;
    } else if (open) open.block.code += `${text.slice(open.indent)}\n`;
    else if (fence !== undefined) {
      const [language = '', ...words] = info.trim().split(/\s+/);
      open = { block: { language, words, code: '', line: i + 2 }, fence, indent: indent.length };
    } else prose.push([i + 1, text]);
  }
  if (open) throw new Error(`${path}:${open.block.line - 1}: the block is not closed`);
  return { path, lines, blocks, prose };
}

/** The code spans of a line of prose. */
export function codeSpans(text: string): string[] {
  return [...text.matchAll(/(`+)(.+?)\1(?!`)/g)].map(([, , code]) => code.trim());
}

/** The cells of a table's row; null for other lines, and for the rule below the head. */
export function tableCells(text: string): string[] | null {
  if (!/^\|.*\|$/.test(text) || /^[|\s:-]+$/.test(text)) return null;
  return text
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchors(page: Page): Set<string> {
  const seen = new Map<string, number>();
  const headings = page.prose.flatMap(([, text]) => /^#{1,6}\s+(.*?)\s*#*$/.exec(text)?.[1] ?? []);
  return new Set(
    headings.map((heading) => {
      const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
      const slug = plain
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
        .replaceAll(' ', '-');
      const before = seen.get(slug) ?? 0;
      seen.set(slug, before + 1);
      return before === 0 ? slug : `${slug}-${before}`;
    }),
  );
}

/** Targets of links and pictures, in Markdown and in HTML. */
export function links(page: Page): [line: number, target: string][] {
  return page.prose.flatMap(([line, text]) => {
    const plain = text.replace(/(`+).+?\1(?!`)/g, 'code');
    const markdown = [...plain.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)];
    const html = [...plain.matchAll(/\b(?:src|srcset|href)="([^"\s]+)"/g)];
    return [...markdown, ...html].map(([, target]): [number, string] => [line, target]);
  });
}

/** Output that a page shows, and the log that it is from. */
export interface Shown {
  /** Line in the page of its first line, from 1. */
  line: number;
  /** Below the project's root; '' where none is named. */
  log: string;
  lines: string[];
}

/** What a page shows of logs: blocks fenced as `text FILE`, and tables below a comment `<!-- log FILE -->`. */
export function shownOfLogs({ path, lines, blocks }: Page): Shown[] {
  const below = (file: string) => file && posix.join(posix.dirname(path), file);
  const texts = blocks.filter(({ language }) => language === 'text');
  const tables = lines.flatMap((text, i) => {
    const file = /^<!-- log (\S+) -->$/.exec(text)?.[1];
    const rows = lines.slice(
      i + 1,
      lines.findIndex((row, j) => j > i + 1 && !row.startsWith('|')),
    );
    return file === undefined
      ? []
      : [{ line: i + 2, log: below(file), lines: rows.filter((row) => row.startsWith('|')) }];
  });
  return [
    ...texts.map(({ line, words: [file = ''], code }) => ({
      line,
      log: below(file),
      lines: code.trimEnd().split('\n'),
    })),
    ...tables,
  ];
}

/** The first of the lines that does not stand in the log behind the one before it; null if all do. `...` stands for any. */
export function notInLog(shown: readonly string[], log: string): string | null {
  const logged = log.split('\n').map((text) => text.trimEnd());
  let next = 0;
  for (const line of shown) {
    if (line === '...') continue;
    const at = logged.indexOf(line.trimEnd(), next);
    if (at < 0) return line;
    next = at + 1;
  }
  return null;
}
