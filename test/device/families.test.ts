// Adapters as drivers and browsers have described themselves; WebGPU implementations differ in what they say.
import * as assert from 'uvu/assert';
import { openDevice } from '../../src/device/current.js';
import { adapterName } from '../../src/device/device-info.js';
import { type AdapterNames, FAMILIES, type Family, familyOf, subgroupsOf } from '../../src/device/families.js';
import { PipelineCache, pinSubgroups } from '../../src/device/pipeline.js';
import { deviceInfo, features, launchPolicy } from '../../src/device/runtime.js';
import { gemm_subgroup, relu } from '../../src/kernels/sources.gen.js';
import { useDevice } from '../support/device.js';
import { Skip, suite } from '../support/suite.js';

const test = suite('device/families');
test.before(useDevice);

const named = (vendor: string, architecture = '', device = '', description = '', more: Partial<AdapterNames> = {}) => ({
  ...{ vendor, architecture, device, description },
  ...more,
});
const cpu = { isFallbackAdapter: true };

const adapters: [who: string, info: AdapterNames, family: Family][] = [
  [
    'lavapipe, Dawn',
    named('mesa', 'software', 'llvmpipe-llvm-19-', 'llvmpipe: Mesa 26.1.6 (LLVM 19.1.7)', cpu),
    'software',
  ],
  ['lavapipe, wgpu', named('65541', '', '0', 'llvmpipe (LLVM 15.0.6, 256 bits)', cpu), 'software'],
  ['lavapipe, which does not say that it is a CPU', named('mesa', '', '', 'llvmpipe (LLVM 15.0.6)'), 'software'],
  ['lavapipe, in a page', named('mesa', 'software', '', '', cpu), 'software'],
  ['SwiftShader, Chromium', named('google', 'swiftshader', '', ''), 'software'],
  ['Windows without a GPU', named('microsoft', 'warp', '', 'Microsoft Basic Render Driver', cpu), 'software'],
  ['M1, Honeykrisp', named('mesa', 'software', 'apple-m1-g13g-a0-', 'Honeykrisp: Mesa 26.1.6'), 'apple'],
  ['Mesa, in a page that hears no more', named('mesa', 'software'), 'other'],
  ['M2, Chrome', named('apple', 'metal-3'), 'apple'],
  ['M2, wgpu on Metal', named('0', '', '0', 'Apple M2 Pro'), 'apple'],
  ['A100, NVK', named('nvidia', 'kepler', 'nvk-', 'NVK: Mesa 26.1.6'), 'nvidia'],
  ['H100', named('nvidia', 'hopper', 'nvidia-h100-80gb-hbm3', 'NVIDIA: 580.159.04'), 'nvidia'],
  ['RTX 4090, wgpu', named('4318', '', '9860', 'NVIDIA GeForce RTX 4090'), 'nvidia'],
  ['RX 7900, RADV', named('amd', 'rdna-3', 'amd-radeon-rx-7900-xtx-radv-navi31-', 'radv: Mesa 26.1.6'), 'amd'],
  ['RX 7900, wgpu', named('4098', '', '29772', 'AMD Radeon RX 7900 XTX (RADV NAVI31)'), 'amd'],
  ['Xclipse, which has RDNA inside', named('samsung', 'rdna-2'), 'amd'],
  ['Iris Xe, Chrome', named('intel', 'gen-12lp'), 'intel'],
  ['Arc, wgpu', named('32902', '', '22176', 'Intel(R) Arc(tm) A770 Graphics (DG2)'), 'intel'],
  [
    'Adreno 740, Turnip',
    named('qualcomm', 'adreno-7xx', 'turnip-adreno-tm-740', 'turnip Mesa driver: Mesa 26.1.6'),
    'qualcomm',
  ],
  ['Adreno, wgpu', named('20803', '', '0', 'Adreno (TM) 740'), 'qualcomm'],
  ['Mali', named('arm', 'valhall', 'mali-g710', ''), 'other'],
  ['Firefox, which says nothing', named(''), 'other'],
];

for (const [who, info, family] of adapters) {
  test(`${who}: ${family}`, () => assert.is(familyOf(info), family));
}

test('every family is among them, and GPUs alone use workgroup memory', () => {
  const families = Object.keys(FAMILIES) as Family[];
  assert.equal(families.filter((family) => !adapters.some(([, , named]) => named === family)).sort(), []);
  const withMemory = families.filter((family) => FAMILIES[family].policy.workgroupMemory);
  assert.equal(withMemory, ['nvidia', 'amd', 'intel', 'apple', 'qualcomm', 'other']);
  for (const family of withMemory) assert.is(FAMILIES[family].policy.lanes, 64, family);
  assert.is(FAMILIES.software.policy.lanes, 8);
});

test('a CPU is named by its driver alone, a GPU by its model too', () => {
  assert.is(adapterName(adapters[0][1]), 'llvmpipe: Mesa 26.1.6 (LLVM 19.1.7)');
  assert.is(adapterName(named('mesa', 'software', 'apple-m1', 'Honeykrisp')), 'apple-m1, Honeykrisp');
  assert.is(adapterName(named('mesa', 'software')), 'mesa software');
  assert.is(adapterName(named('')), 'an adapter without a name');
});

const both = new Set(['subgroups', 'subgroup-size-control']);
const sized = (vendor: string, subgroupMinSize: number, subgroupMaxSize: number) =>
  named(vendor, '', '', '', { subgroupMinSize, subgroupMaxSize });

test('subgroups of one size are left alone; those that vary are pinned to the family’s, within what the driver offers', () => {
  assert.equal(subgroupsOf(sized('nvidia', 32, 32), both), { lanes: 32, pinned: false });
  assert.equal(subgroupsOf(sized('amd', 32, 64), both), { lanes: 32, pinned: true });
  assert.equal(subgroupsOf(sized('intel', 8, 32), both), { lanes: 16, pinned: true });
  assert.equal(subgroupsOf(sized('intel', 32, 64), both), { lanes: 32, pinned: true });
  assert.equal(subgroupsOf(sized('qualcomm', 64, 128), both), { lanes: 64, pinned: true });
  assert.equal(subgroupsOf(sized('qualcomm', 16, 32), both), { lanes: 32, pinned: true });
  assert.equal(subgroupsOf(sized('arm', 8, 16), both), { lanes: 8, pinned: true });
});

test('without the features there are none, or none whose size is known', () => {
  assert.equal(subgroupsOf(sized('nvidia', 32, 32), new Set()), { lanes: 0, pinned: false });
  assert.equal(subgroupsOf(sized('amd', 32, 64), new Set(['subgroups'])), { lanes: 0, pinned: false });
  assert.equal(subgroupsOf(sized('nvidia', 32, 32), new Set(['subgroups'])), { lanes: 32, pinned: false });
  assert.equal(subgroupsOf(named('amd'), new Set()), { lanes: 0, pinned: false });
});

test('only kernels with subgroups are pinned, and only once', () => {
  assert.is(pinSubgroups(relu.code, 32), relu.code);
  const pinned = pinSubgroups(gemm_subgroup.code, 32);
  assert.match(pinned, /^enable subgroups, subgroup_size_control;$/m);
  assert.match(pinned, /^@compute @subgroup_size\(32\) @workgroup_size\(LANES\)$/m);
  assert.is(pinSubgroups(pinned, 64), pinned);
});

test('a pinned kernel compiles', async () => {
  const { subgroupSize } = deviceInfo();
  if (!features().has('subgroup-size-control')) throw new Skip('no subgroups, or no feature that fixes their size');
  const { device, recorder } = openDevice();
  const pipelines = new PipelineCache(device, recorder.host.track, subgroupSize);
  await pipelines.get(gemm_subgroup, { LANES: subgroupSize }).ready;
});

test('the open device has its family’s policy', () => {
  const { family, software } = deviceInfo();
  assert.is(software, family === 'software');
  assert.is(launchPolicy(), FAMILIES[family].policy);
});

test.run();
