// Every .wgsl file is a valid kernel as it stands, with its slots' defaults.
import * as assert from 'uvu/assert';
import { compile } from '../../src/device/commands.js';
import type { Shader } from '../../src/device/pipeline.js';
import { features } from '../../src/device/runtime.js';
import * as shaders from '../../src/kernels/sources.gen.js';
import { useDevice } from '../support/device.js';
import { Skip, suite } from '../support/suite.js';

const test = suite('kernels/compile');
test.before(useDevice);

const all: Shader[] = Object.values(shaders);

/** What a matrix may be of is the adapter's: kernels/matrix compiles these with its own. */
const withMatrices = all.filter(({ code }) => /^enable chromium_experimental_subgroup_matrix;$/m.test(code));
const withSubgroups = all.filter(
  (shader) => /^enable subgroups;$/m.test(shader.code) && !withMatrices.includes(shader),
);

test('all kernels that WebGPU guarantees compile, in parallel', async () => {
  const plain = all.filter((shader) => !withSubgroups.includes(shader) && !withMatrices.includes(shader));
  assert.ok(plain.length > 30, `${plain.length} kernels`);
  await Promise.all(plain.map((shader) => compile(shader)));
});

test('the kernels with subgroups compile', async () => {
  if (!features().has('subgroups')) throw new Skip('the device has no subgroups');
  assert.is(withSubgroups.length, 4);
  await Promise.all(withSubgroups.map((shader) => compile(shader)));
});

test('no kernel binds more buffers than WebGPU guarantees', () => {
  for (const { name, buffers } of all) assert.ok(buffers.length <= 8, `${name} binds ${buffers.length}`);
});

test('every kernel opens with its name and says who owns what', () => {
  for (const { name, code } of all) {
    assert.match(code, new RegExp(`^// ${name}: `));
    assert.match(code, /^\/\/ .*(owns|own)\b/m, `${name}: whose is which output?`);
  }
});

test.run();
