// Every .wgsl file is a valid kernel as it stands, with its slots' defaults.
import * as assert from 'uvu/assert';
import type { Shader } from '../../src/device/pipeline.js';
import { compile } from '../../src/device/recorder.js';
import * as shaders from '../../src/kernels/sources.gen.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('kernels/compile');
test.before(useDevice);

const all: Shader[] = Object.values(shaders);

test('all kernels compile, in parallel', async () => {
  assert.ok(all.length > 30, `${all.length} kernels`);
  await Promise.all(all.map((shader) => compile(shader)));
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
