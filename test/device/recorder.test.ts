import * as assert from 'uvu/assert';
import { read, release, run, scratch, sync, upload, viaHost, view } from '../../src/device/commands.js';
import { type Shader, specialize } from '../../src/device/pipeline.js';
import type { GpuBuffer } from '../../src/device/pool.js';
import { activity, limits, memory } from '../../src/device/runtime.js';
import { windows } from '../../src/device/windows.js';
import { KernelError, LimitError } from '../../src/errors.js';
import { binary, where } from '../../src/kernels/elementwise.js';
import { binary as addShader } from '../../src/kernels/sources.gen.js';
import { useDevice, withBindingLimit } from '../support/device.js';
import { suite } from '../support/suite.js';

const test = suite('device/recorder');
test.before(useDevice);

const ramp = (n: number, step = 1) => Float32Array.from({ length: n }, (_, i) => i * step);

const add = (a: GpuBuffer, b: GpuBuffer, y: GpuBuffer, n: number) => binary('a + b', a, b, y, n);

async function floats(buffer: GpuBuffer, n: number): Promise<number[]> {
  return [...new Float32Array(await read(buffer, n * 4))];
}

test('an upload does not overtake recorded work that uses the buffer', async () => {
  const [a, b, y] = [scratch(4, 'a'), scratch(4, 'b'), scratch(4, 'y')];
  upload(a, ramp(4));
  upload(b, ramp(4));
  add(a, b, y, 4);
  upload(a, ramp(4, 100)); // recorded after the addition, so it must not be seen by it
  assert.equal(await floats(y, 4), [0, 2, 4, 6]);
  assert.equal(await floats(a, 4), [0, 100, 200, 300]);
  [a, b, y].forEach(release);
});

test('what the host makes in the middle is there for what follows, and nothing before it waits', async () => {
  const [a, b, c, y, z] = ['a', 'b', 'c', 'y', 'z'].map((label) => scratch(4, label));
  upload(a, ramp(4));
  add(a, a, y, 4);
  const order: string[] = [];
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  viaHost(y, b, 16, async (values) => {
    order.push('recorded');
    const numbers = new Float32Array(await values);
    await gate;
    order.push('made');
    return numbers.map((n) => n + 0.5);
  });
  order.push('goes on');
  const early = floats(y, 4);
  add(b, y, z, 4);
  viaHost(z, c, 16, async (values) => new Float32Array(await values).map((n) => -n)); // of what waits itself
  add(c, y, a, 4);
  const late = floats(a, 4);
  upload(y, ramp(4, 7)); // recorded after the addition, so it must not be seen by it
  upload(b, ramp(4, 100));
  assert.equal(order, ['recorded', 'goes on']);
  setTimeout(go, 20);
  assert.equal(await late, [-0.5, -2.5, -4.5, -6.5]);
  assert.equal(await early, [0, 2, 4, 6]);
  assert.equal(order, ['recorded', 'goes on', 'made']);
  assert.equal(await floats(z, 4), [0.5, 4.5, 8.5, 12.5]);
  assert.equal(await floats(b, 4), [0, 100, 200, 300]);
  assert.equal(await floats(y, 4), [0, 7, 14, 21]);
  [a, b, c, y, z].forEach(release);
});

test('what a host cannot make fails the reads of what depends on it, and of nothing before it', async () => {
  const [a, b, y, z] = ['a', 'b', 'y', 'z'].map((label) => scratch(4, label));
  upload(a, ramp(4));
  const before = floats(a, 4);
  viaHost(a, b, 16, async (values) => {
    await values;
    throw new LimitError('no more of this');
  });
  add(a, b, y, 4);
  const after = floats(y, 4);
  assert.equal(await before, [0, 1, 2, 3]);
  await after.then(
    () => assert.unreachable('the read should throw'),
    (e) => assert.ok(e instanceof LimitError && e.message === 'no more of this', String(e)),
  );
  assert.equal(await floats(a, 4), [0, 1, 2, 3]); // told once, then the device is usable again
  upload(b, ramp(4, 3));
  add(a, b, z, 4);
  assert.equal(await floats(z, 4), [0, 4, 8, 12]);
  [a, b, y, z].forEach(release);
});

test('a buffer that is given back twice is handed out once', () => {
  const a = scratch(4, 'a');
  release(a);
  const { freeBytes, liveBytes } = memory();
  release(a);
  assert.equal([memory().freeBytes, memory().liveBytes], [freeBytes, liveBytes]);
  const [b, c] = [scratch(4, 'b'), scratch(4, 'c')];
  assert.not(b === c);
  [b, c].forEach(release);
});

test('the peak stays what it was when memory is given back', () => {
  const large = scratch(2 ** 20, 'large');
  const { peakBytes, liveBytes } = memory();
  assert.ok(peakBytes >= liveBytes);
  release(large);
  release(scratch(4, 'small'));
  assert.is(memory().peakBytes, peakBytes);
});

test('more groups than one dimension allows are folded', async () => {
  const n = (limits().maxComputeWorkgroupsPerDimension + 5) * 256; // a group of `where` covers 256 elements
  const [a, y] = [scratch(n, 'a'), scratch(n, 'y')];
  const values = new Float32Array(n).fill(1.5);
  values[n - 1] = 7;
  upload(a, values);
  where(a, a, a, y, n);
  const result = new Float32Array(await read(y, n * 4));
  assert.ok(result.every((v, i) => v === values[i]));
  [a, y].forEach(release);
});

test('work above the binding limit is walked in windows', async () => {
  const n = 1000;
  const [a, y] = [scratch(n, 'a'), scratch(n, 'y')];
  upload(a, ramp(n));
  await withBindingLimit(1024, () => {
    assert.ok(windows('sample: an item', n, 1).length > 3);
    assert.throws(
      () => run(addShader, { a, b: a, y }, { count: n }, { groups: 1 }),
      (e: unknown) => e instanceof LimitError && /binary: 'a' binds 4 kB; this device allows 1 kB/.test(e.message),
    );
    add(a, a, y, n);
  });
  assert.equal(await floats(y, n), [...ramp(n, 2)]);
  [a, y].forEach(release);
});

test('windows cover every item once, at multiples of 128 where they can', () =>
  withBindingLimit(4096, () => {
    const cut = windows('sample: an item', 3000, 1);
    assert.is(
      cut.reduce((sum, w) => sum + w.count, 0),
      3000,
    );
    assert.ok(
      cut.every((w, i) => w.start % 128 === 0 && w.start === (i === 0 ? 0 : cut[i - 1].start + cut[i - 1].count)),
    );
    assert.equal(windows('sample: an item', 2, 700), [
      { start: 0, count: 1 },
      { start: 1, count: 1 },
    ]);
    assert.throws(
      () => windows('sample: an item', 2, 2000),
      (e: unknown) => e instanceof LimitError && /^sample: an item of 8 kB is above this device's/.test(e.message),
    );
  }));

test('a window that starts between bindings needs a base parameter, and says so', () => {
  const a = scratch(256, 'a');
  const part = view(a, 8, 64);
  assert.throws(
    () => run(addShader, { a: part, b: part, y: part }, { count: 64 }, { groups: 1 }),
    (e: unknown) => e instanceof KernelError && /'a' starts at element 8 and has no a_base/.test(e.message),
  );
  release(a);
});

test('a steady loop makes no buffer, pipeline or bind group, and one submit a round', async () => {
  const round = async () => {
    const [a, y] = [scratch(64, 'a'), scratch(64, 'y')];
    upload(a, ramp(64));
    for (let i = 0; i < 5; i++) add(a, a, y, 64);
    const result = read(y, 256);
    [a, y].forEach(release);
    await result;
  };
  await round();
  await round();
  const before = { ...activity(), created: memory().created };
  for (let i = 0; i < 3; i++) await round();
  const after = { ...activity(), created: memory().created };
  assert.is(after.submits - before.submits, 3);
  assert.is(after.dispatches - before.dispatches, 15);
  for (const what of ['created', 'pipelines', 'bindGroups'] as const) assert.is(after[what], before[what], what);
});

test('a kernel that does not compile makes the next read throw, naming kernel and line', async () => {
  const a = scratch(64, 'a');
  const broken = {
    ...addShader,
    name: 'broken',
    code: addShader.code.replace('f(vec4f(a[i]), vec4f(b[i]))', 'vec4f(a[i]) + nothing'),
  };
  run(broken as unknown as typeof addShader, { a, b: a, y: scratch(64, 'y') }, { count: 64 }, { groups: 1 });
  await read(a, 4).then(
    () => assert.unreachable('the read should throw'),
    (e) => {
      assert.instance(e, KernelError);
      assert.match(
        e.message,
        /broken: does not compile: .*(unresolved value|no definition in scope for identifier:) ['`]nothing['`]/s,
      );
    },
  );
  await sync(); // told once, then the device is usable again
  release(a);
});

test('slots replace a right-hand side, and an unknown slot is named', () => {
  const shader = {
    name: 'sample',
    buffers: [],
    params: [],
    slots: { TILE: 'const', elem: 'alias', f: 'fn' },
    code: [
      'const TILE: u32 = 16; // slot',
      'alias elem = f32; // slot: f32 | f16',
      'fn f(x: f32) -> f32 { return x; } // slot',
    ].join('\n'),
  } as const;
  assert.is(
    specialize(shader, { TILE: 8, elem: 'f16', f: 'max(x, 0.0)' }),
    [
      'enable f16; const TILE: u32 = 8; // slot',
      'alias elem = f16; // slot: f32 | f16',
      'fn f(x: f32) -> f32 { return max(x, 0.0); } // slot',
    ].join('\n'),
  );
  assert.throws(() => specialize(shader, { TILES: 8 }), /sample: no slot 'TILES' \(slots: TILE, elem, f\)/);
});

test('a loop marked `unroll` is written out, inner ones too', () => {
  const shader: Shader = {
    ...{ name: 'sample', buffers: [], params: [], slots: { N: 'const' as const } },
    code: [
      'const N: u32 = 4; // slot',
      'for (var i = 0u; i < N; i++) { // unroll',
      '  for (var j = 0u; j < N; j++) { // unroll',
      '    a[i] += b[j];',
      '  }',
      '}',
      '',
    ].join('\n'),
  };
  const body = specialize(shader, { N: 2 }).replace(/\s+/g, ' ');
  const inner = '{ const j = 0u; a[i] += b[j]; } { const j = 1u; a[i] += b[j]; }';
  assert.is(body, `const N: u32 = 2; // slot { const i = 0u; ${inner} } { const i = 1u; ${inner} } `);
  assert.throws(
    () => specialize({ ...shader, code: shader.code.replace('4; // slot', 'M; // slot') }, {}),
    /'N' is not/,
  );
});

test('a buffer above the device limit is refused with both sizes', () => {
  assert.throws(
    () => scratch(2 ** 40, 'weights'),
    (e: unknown) => e instanceof LimitError && /weights: needs a buffer of 4398 GB/.test(e.message),
  );
});

test.run();
