// Functions that several kernels use stand once, in src/kernels/shared/. A kernel has a copy of each, marked `// shared` behind
// its first line, so that its file is valid WGSL as it stands; the build writes the copies anew.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const first = /^fn \w+\(.*\{/;

/**
 * The functions of a file, by what stands before the brace, with the comment above them.
 * @param {string} text
 */
export function functionsOf(text) {
  const lines = text.split('\n');
  return lines.flatMap((line, at) => {
    if (!first.test(line) || line.includes('// slot')) return [];
    let start = at;
    while (start > 0 && lines[start - 1].startsWith('//')) start--;
    const shared = line.endsWith(' // shared');
    const whole = line.replace(/ \/\/ shared$/, '').endsWith('}');
    const end = whole ? at : lines.indexOf('}', at);
    return [{ signature: line.slice(0, line.indexOf(' {')), shared, text: lines.slice(start, end + 1).join('\n') }];
  });
}

/**
 * The functions that may be shared, as copies have them.
 * @param {string} folder of the .wgsl files, with a slash at its end
 * @returns {Map<string, string>}
 */
export function sharedFunctions(folder) {
  const files = readdirSync(`${folder}shared`).map((file) => readFileSync(`${folder}shared/${file}`, 'utf8'));
  const own = files.flatMap(functionsOf).filter(({ shared }) => !shared);
  return new Map(own.map(({ signature, text }) => [signature, marked(text)]));
}

/** @param {string} text */
const marked = (text) => text.replace(new RegExp(first.source + '.*$', 'm'), (line) => `${line} // shared`);

/** Writes every copy anew, and says which were not up to date. @param {string} folder */
export function writeShared(folder) {
  const sources = sharedFunctions(folder);
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.wgsl'))) {
    const before = readFileSync(folder + name, 'utf8');
    let text = before;
    for (const { signature, shared, text: copy } of functionsOf(before)) {
      if (!shared) continue;
      const source = sources.get(signature);
      if (!source) throw new Error(`${name}: no function '${signature}' stands in src/kernels/shared/`);
      if (copy === source) continue;
      text = text.replace(copy, () => source);
      console.error(`${name}: '${signature}' is written anew from src/kernels/shared/`);
    }
    if (text !== before) writeFileSync(folder + name, text);
  }
}
