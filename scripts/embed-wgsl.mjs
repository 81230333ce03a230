// Embeds src/kernels/*.wgsl as one typed module: text, buffer, parameter and slot names as literal types.
// The .wgsl file is the single source of truth: a wrong name on the host is a TypeScript error.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { reflect } from '../src/device/reflect.js';

const folder = fileURLToPath(new URL('../src/kernels/', import.meta.url));

const shaders = readdirSync(folder)
  .filter((f) => f.endsWith('.wgsl'))
  .sort()
  .map((file) => reflect(readFileSync(folder + file, 'utf8'), file.replace(/\.wgsl$/, '')));
const text = [
  '// Made by scripts/embed-wgsl.mjs from the .wgsl files beside it. Do not edit.',
  ...shaders.map((s) => `export const ${s.name} = ${JSON.stringify(s)} as const;`),
  '',
].join('\n');
const target = folder + 'sources.gen.ts';
if (!existsSync(target) || readFileSync(target, 'utf8') !== text) writeFileSync(target, text);
