// Embeds src/kernels/*.wgsl as one typed module: text, buffer, parameter and slot names as literal types.
// The .wgsl file is the single source of truth: a wrong name on the host is a TypeScript error.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../src/kernels/', import.meta.url));

const slotLine = /^(const|alias|fn)\s+(\w+).*\/\/ slot/gm;
const bufferLine = /^@group\(0\) @binding\((\d+)\) var<storage, (read|read_write)> (\w+)\s*:/gm;
const paramsStruct = /^struct Params \{([^}]*)\}/m;

function reflect(file) {
  const code = readFileSync(folder + file, 'utf8');
  const name = file.replace(/\.wgsl$/, '');
  const fail = (what) => {
    throw new Error(`${file}: ${what}`);
  };
  const buffers = [...code.matchAll(bufferLine)].map(([, binding, access, buffer], i) => {
    if (Number(binding) !== i) fail(`buffer '${buffer}' has binding ${binding}, expected ${i} (reading order)`);
    return { name: buffer, access };
  });
  if (buffers.length === 0) fail('no "@group(0) @binding(0) var<storage, ...> name:" line');
  const body = code.match(paramsStruct)?.[1].replace(/\/\/.*$/gm, '') ?? '';
  const params = [...body.matchAll(/(\w+)\s*:\s*(\w+)/g)].map(([, param, type]) => {
    if (!['u32', 'i32', 'f32'].includes(type)) fail(`parameter '${param}' is ${type}; only u32, i32, f32`);
    return { name: param, type };
  });
  if (params.length > 64) fail('more than 64 parameters');
  if (params.length > 0 && !/@group\(1\) @binding\(0\) var<uniform> p: Params;/.test(code)) {
    fail('struct Params without "@group(1) @binding(0) var<uniform> p: Params;"');
  }
  if (!/^fn main\(/m.test(code)) fail('no entry point "fn main("');
  const slots = Object.fromEntries([...code.matchAll(slotLine)].map(([, kind, slot]) => [slot, kind]));
  return { name, buffers, params, slots, code };
}

const shaders = readdirSync(folder)
  .filter((f) => f.endsWith('.wgsl'))
  .sort()
  .map(reflect);
const text = [
  '// Made by scripts/embed-wgsl.mjs from the .wgsl files beside it. Do not edit.',
  ...shaders.map((s) => `export const ${s.name} = ${JSON.stringify(s)} as const;`),
  '',
].join('\n');
const target = folder + 'sources.gen.ts';
if (!existsSync(target) || readFileSync(target, 'utf8') !== text) writeFileSync(target, text);
