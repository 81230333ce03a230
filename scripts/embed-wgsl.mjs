// Embeds src/kernels/*.wgsl as one typed module: buffer, parameter and slot names as literal types, and the text as it
// stands, so that a debugger shows WGSL. The .wgsl file is the single source of truth: a wrong name on the host is a
// TypeScript error.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { reflect } from '../src/device/reflect.js';
import { writeShared } from './shared-wgsl.mjs';

const folder = fileURLToPath(new URL('../src/kernels/', import.meta.url));

writeShared(folder);

/** @param {string} text */
const quoted = (text) => `\`${text.replace(/[\\`]|\$\{/g, '\\$&')}\``;

const shaders = readdirSync(folder)
  .filter((f) => f.endsWith('.wgsl'))
  .sort()
  .map((file) => reflect(readFileSync(folder + file, 'utf8'), file.replace(/\.wgsl$/, '')));
const text = [
  '// Made by scripts/embed-wgsl.mjs from the .wgsl files beside it. Do not edit.',
  ...shaders.map(({ code, ...about }) => {
    const fields = JSON.stringify(about).slice(1, -1);
    return `export const ${about.name} = { ${fields}, code: ${quoted(code)} as string } as const;`;
  }),
  '',
].join('\n');
const target = folder + 'sources.gen.ts';
if (!existsSync(target) || readFileSync(target, 'utf8') !== text) writeFileSync(target, text);
