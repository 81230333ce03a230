import * as assert from 'uvu/assert';
import { explain } from '../../src/node/doctor.js';
import { useDevice } from '../support/device.js';
import { built, startProgram } from '../support/program.js';
import { Skip, suite } from '../support/suite.js';

const test = suite('node/doctor');
test.before(useDevice);

const doctor = (env?: Record<string, string>) => startProgram([built('src/cli/doctor.js')], { env }).ended;

test('a healthy machine: adapter, limits, a kernel with the right answer', async () => {
  const { code, out } = await doctor();
  assert.is(code, 0, out);
  assert.match(out, /Adapter +\S+/);
  assert.match(out, /maxStorageBufferBindingSize +[\d,]+ MiB +128 MiB/);
  assert.match(out, /x \* x \+ x of 1,000 numbers is right/);
  for (const line of out.split('\n')) assert.ok(line.length <= 120, line);
});

test('no adapter: says why and how to mend it, exit code 1', async () => {
  if (process.platform !== 'linux') throw new Skip('only Linux finds its drivers by VK_DRIVER_FILES');
  const { code, out } = await doctor({ VK_DRIVER_FILES: '/none.json' });
  assert.is(code, 1);
  assert.match(
    out,
    /Problem: VK_DRIVER_FILES names a file that does not exist: \/none.json\n +fix: unset VK_DRIVER_FILES/,
  );
});

const causes: [words: string, what: RegExp][] = [
  ["Warning: Couldn't load Vulkan. Searched /usr/lib/libvulkan.so.1", /Vulkan loader/],
  ['Warning: Vulkan shaderUniformBufferArrayDynamicIndexing required.', /too old for Dawn/],
  ['Warning: vkCreateInstance: Found no drivers!', /no Vulkan driver is installed/],
  ['something else', /finds no GPU adapter: something else/],
];

for (const [words, what] of causes) {
  test(`Dawn's words are explained: ${words}`, () => {
    const problem = explain(words, 'linux');
    assert.match(problem.what, what);
    assert.match(problem.fix, /apt-get install mesa-vulkan-drivers/);
  });
}

test.run();
