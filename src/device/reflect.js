// What a kernel's text says about itself: its buffers, parameters and slots. Plain JavaScript, because
// scripts/embed-wgsl.mjs needs it before anything is compiled, and `kernel()` at run time.

const slotLine = /^(const|alias|fn)\s+(\w+).*\/\/ slot/gm;
const bufferLine = /^@group\(0\) @binding\((\d+)\) var<storage, (read|read_write)> (\w+)\s*:\s*(.*);/gm;
const aliasLine = /^alias\s+(\w+)\s*=\s*([^;]+);(.*\/\/ slot)?/gm;
const paramsStruct = /^struct Params \{([^}]*)\}/m;
const MOST_PARAMS = 64;

/**
 * @param {string} code WGSL by the rules of src/kernels/README.md
 * @param {string} [name] default: the word before the colon in the first line, `// name: ...`
 * @returns {import('./pipeline.js').Shader}
 * @throws {Error} that says which rule is broken
 */
export function reflect(code, name = code.match(/^\/\/ (\w+):/)?.[1]) {
  if (!name) throw new Error('a kernel starts with a comment: "// name: what it computes"');
  /** @param {string} what @returns {never} */
  const fail = (what) => {
    throw new Error(`${name}: ${what}`);
  };
  const elementOf = elements(code);
  const buffers = [...code.matchAll(bufferLine)].map(([, binding, access, buffer, type], i) => {
    if (Number(binding) !== i) fail(`buffer '${buffer}' has binding ${binding}, expected ${i} (reading order)`);
    const element = elementOf(type);
    return {
      name: buffer,
      access: access === 'read' ? /** @type {const} */ ('read') : /** @type {const} */ ('read_write'),
      ...(element && { element }),
    };
  });
  if (buffers.length === 0) fail('no "@group(0) @binding(0) var<storage, ...> name:" line');
  const body = code.match(paramsStruct)?.[1].replace(/\/\/.*$/gm, '') ?? '';
  const params = [...body.matchAll(/(\w+)\s*:\s*(\w+)/g)].map(([, param, type]) => {
    if (type !== 'u32' && type !== 'i32' && type !== 'f32') fail(`parameter '${param}' is ${type}; only u32, i32, f32`);
    return { name: param, type: /** @type {'u32' | 'i32' | 'f32'} */ (type) };
  });
  if (params.length > MOST_PARAMS) fail(`more than ${MOST_PARAMS} parameters`);
  if (params.length > 0 && !/@group\(1\) @binding\(0\) var<uniform> p: Params;/.test(code)) {
    fail('struct Params without "@group(1) @binding(0) var<uniform> p: Params;"');
  }
  if (!/^fn main\(/m.test(code)) fail('no entry point "fn main("');
  /** @type {Record<string, 'const' | 'alias' | 'fn'>} */
  const slots = {};
  for (const [, kind, slot] of code.matchAll(slotLine)) slots[slot] = /** @type {'const' | 'alias' | 'fn'} */ (kind);
  return { name, buffers, params, slots, code };
}

/**
 * The slot that is a type's element, aliases followed: T of `array<vec4<T>>` with `alias T = f32; // slot`.
 * @param {string} code
 * @returns {(type: string) => string | undefined}
 */
function elements(code) {
  const aliases = new Map([...code.matchAll(aliasLine)].map(([, name, type, slot]) => [name, { type, slot }]));
  /** @param {string} type @returns {string | undefined} */
  const find = (type) => {
    for (const [word] of type.matchAll(/\w+/g)) {
      const alias = aliases.get(word);
      if (!alias) continue;
      if (alias.slot && /^[fiu]32$/.test(alias.type)) return word;
      const element = find(alias.type);
      if (element) return element;
    }
    return undefined;
  };
  return find;
}
