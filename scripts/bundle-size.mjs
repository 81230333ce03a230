// `npm run size`: what the library weighs in a page, minified and gzipped. `--write` puts the figures into README.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';

const parts = {
  '`matmul` alone': 'init, tensor, matmul',
  'the spiral network (`Linear`, `crossEntropy`, `AdamW`)':
    'init, tensor, scope, Sequential, Linear, ReLU, crossEntropy, AdamW',
  'AlexNet, trained': 'init, tensor, scope, alexnet, crossEntropy, SGD',
  'everything in `wgrad`': '*',
};

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

const rows = [];
for (const [name, names] of Object.entries(parts)) {
  const list = names === '*' ? '*' : `{ ${names} }`;
  const { code, gzipped } = await bundle(`export ${list} from 'wgrad'`);
  rows.push(`| ${name} | ${kilobytes(code.length)} | ${kilobytes(gzipped)} |`);
}
const table = ['| in a page | minified | gzipped |', '| --- | --- | --- |', ...rows].join('\n');
console.log(table);
if (process.argv.includes('--write')) {
  const readme = fileURLToPath(new URL('../README.md', import.meta.url));
  const text = readFileSync(readme, 'utf8').replace(/\| in a page \|[\s\S]*?(?=\n\n)/, table);
  writeFileSync(readme, text);
}
