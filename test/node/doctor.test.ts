import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { explain } from '../../src/node/doctor.js';
import { useDevice } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('node/doctor');
test.before(useDevice);

const program = fileURLToPath(new URL('../../src/node/doctor-cli.js', import.meta.url));

function doctor(env: Record<string, string>) {
  return spawnSync(process.execPath, [program], { env: { ...process.env, ...env }, encoding: 'utf8', timeout: 60_000 });
}

test('a healthy machine: adapter, limits, a kernel with the right answer', () => {
  const { status, stdout } = doctor({});
  assert.is(status, 0, stdout);
  assert.match(stdout, /Adapter +\S+/);
  assert.match(stdout, /maxStorageBufferBindingSize +[\d,]+ MiB +128 MiB/);
  assert.match(stdout, /x \* x \+ x of 1,000 numbers is right/);
  for (const line of stdout.split('\n')) assert.ok(line.length <= 120, line);
});

test('no adapter: says why and how to mend it, exit code 1', () => {
  if (process.platform !== 'linux') return;
  const { status, stdout } = doctor({ VK_DRIVER_FILES: '/none.json' });
  assert.is(status, 1);
  assert.match(
    stdout,
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
    assert.match(problem.fix, /npm run setup/);
  });
}

test.run();
