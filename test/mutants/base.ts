// Faults in tensors, scopes, the tape, the device layer and file formats.
import { type Fault, planted } from './fault.js';

const tape = planted('autograd/tape', [
  [
    'src/autograd/tape.ts',
    'of two gradients that meet in a tensor the last one wins',
    "binary('a + b', a.buffer, b.buffer, total.buffer, a.size);",
    "binary('b', a.buffer, b.buffer, total.buffer, a.size);",
  ],
  ['src/autograd/tape.ts', 'tensors are visited in the order they were made', 'b.id - a.id', 'a.id - b.id'],
  [
    'src/autograd/tape.ts',
    'a second backward pass overwrites a leaf’s gradient',
    "binary('a + b', before, dy.buffer, own.buffer, leaf.size);",
    "binary('b', before, dy.buffer, own.buffer, leaf.size);",
  ],
  [
    'src/autograd/tape.ts',
    'two leaves share one gradient',
    'if (!grad && !borrowed && dy.shared.owners === 1) return',
    'if (!grad && !borrowed) return',
    ['autograd/tape', 'optim/clip', 'tensor/gradient'],
  ],
  ['src/autograd/tape.ts', 'noGrad leaves recording off', 'recording = before;', 'recording = !before;'],
  [
    'src/autograd/tape.ts',
    'a composed op keeps its parts where no gradient is wanted',
    'inputs.some((t) => t.requiresGrad) ? body() : scope(body)',
    'inputs.some((t) => t.requiresGrad) ? body() : body()',
    'ops/leaks',
  ],
  [
    'src/autograd/tape.ts',
    'gradients are computed as of now, not as of their op',
    'asOf(node.made, () => pullNode(node, dy, gradients))',
    'asOf(thisMoment(), () => pullNode(node, dy, gradients))',
    'autograd/overwritten',
  ],
]);

const tensors = planted('tensor/tensor', [
  [
    'src/tensor/versions.ts',
    'a write in the moment of the op counts as later',
    'memory.writtenAt > since.writes',
    'memory.writtenAt >= since.writes',
    'autograd/overwritten',
  ],
  [
    'src/tensor/versions.ts',
    'what a gradient makes itself counts as overwritten',
    ' && tensorId < since.tensors',
    ' && tensorId > 0',
    ['autograd/overwritten', 'autograd/tape', 'train/golden-training'],
  ],
  ['src/tensor/tensor.ts', 'set() counts no write', "this.overwrittenBy('set()');", '', 'autograd/overwritten'],
  ['src/tensor/tensor.ts', 'copy() counts no write', "this.overwrittenBy('copy()');", '', 'autograd/overwritten'],
  [
    'src/tensor/tensor.ts',
    'memory goes while a reshape still shares it',
    'if (storage && --storage.owners === 0)',
    'if (storage && --storage.owners >= 0)',
    ['tensor/tensor', 'ops/leaks'],
  ],
  [
    'src/tensor/tensor.ts',
    'nested lists take the wrong step',
    'const step = length / (this.shape[dim] || 1);',
    'const step = length / (this.shape[0] || 1);',
  ],
  [
    'src/tensor/gradient.ts',
    'a gradient that was replaced is never given back',
    'else before.dispose();',
    '',
    'tensor/gradient',
  ],
  [
    'src/tensor/gradient.ts',
    'a gradient set by hand goes with its scope',
    'value.scope?.abandon(value);',
    '',
    'tensor/gradient',
  ],
  ['src/tensor/dtype.ts', 'Int8Array is taken for bytes', "Int8Array: 'i32'", "Int8Array: 'u8'"],
  [
    'src/tensor/host-values.ts',
    'a value that i32 cannot hold wraps around',
    'if (made[i] !== Math.trunc(numbers[i])) {',
    'if (made[i] !== Math.trunc(numbers[i]) && dtype !== "i32") {',
  ],
  ['src/tensor/scope.ts', 'what is kept goes to no scope', 'from.outer?.adopt(item);', ''],
  [
    'src/tensor/scope.ts',
    'what came from further out is moved with the result',
    'if (item.scope === opened) keep(item);',
    'keep(item);',
  ],
  [
    'src/tensor/seed.ts',
    'every random op takes the same stream',
    '(taken.stream + 1) >>> 0',
    'taken.stream',
    'ops/random',
  ],
  [
    'src/tensor/seed.ts',
    'a seed does not start its streams anew',
    '{ seed: value >>> 0, stream: 0 }',
    '{ seed: value >>> 0, stream: next.stream }',
    'ops/random',
  ],
  [
    'src/kernels/class-check.ts',
    'what labels are to be is taken from the first op',
    'r.op === op && r.classes === classes && r.ignored === ignored',
    'r.op === op',
    'ops/classes',
  ],
  [
    'src/kernels/class_check.wgsl',
    'the label after the last class counts as one',
    'u32(value) < p.classes',
    'u32(value) <= p.classes',
    'ops/classes',
  ],
]);

const device = planted('device/recorder', [
  [
    'src/device/families.ts',
    'Mesa’s architecture makes a CPU of a GPU',
    'words: /llvmpipe|',
    'words: /software|llvmpipe|',
    ['device/families'],
  ],
  [
    'src/device/families.ts',
    'subgroups that vary are taken for fixed ones',
    'pinned: true };',
    'pinned: false };',
    ['device/families'],
  ],
  [
    'src/device/pipeline.ts',
    'pinned subgroups are not asked for',
    "'enable subgroups, subgroup_size_control;'",
    "'enable subgroups;'",
    ['device/families'],
  ],
  [
    'src/device/command-recorder.ts',
    'an upload overtakes what was recorded before',
    'if (this.batch.touched.has(to.root)) void this.flush();',
    '',
  ],
  [
    'src/device/bind-groups.ts',
    'where a window starts is part of no key',
    'key += offset === 0 ?',
    'key += offset >= 0 ?',
    ['device/recorder', 'ops/windows'],
  ],
  [
    'src/device/bind-groups.ts',
    'a window that starts between two marks is read from the mark',
    'bases.set(name, (first - offset) / elementBytes);',
    'bases.set(name, (first - offset) / 8);',
    ['device/recorder', 'ops/windows'],
  ],
  [
    'src/device/batch.ts',
    'a folded grid leaves groups out',
    'const rows = Math.ceil(groups / most);',
    'const rows = Math.floor(groups / most);',
  ],
  [
    'src/device/pool.ts',
    'a buffer returned twice is handed out twice',
    'if (!this.live.has(buffer) || --buffer.holders > 0) return;',
    'if (--buffer.holders > 0) return;',
  ],
  [
    'src/device/pool.ts',
    'the peak is what was live last',
    'this.peakBytes = Math.max(this.peakBytes, this.liveBytes);',
    'this.peakBytes = this.liveBytes;',
    'device/recorder',
  ],
  [
    'src/device/windows.ts',
    'the last window is as long as the others',
    'count: Math.min(step, count - start)',
    'count: step',
    'ops/windows',
  ],
  [
    'src/options.ts',
    'a number out of range is let pass',
    'if (value !== undefined && !rule.holds(value))',
    "if (value !== undefined && typeof value !== 'number' && !rule.holds(value))",
    'options',
  ],
  ['src/options.ts', 'a decay of 1 is let pass', '(n) => n >= 0 && n < 1)', '(n) => n >= 0 && n <= 1)', 'options'],
  [
    'src/options.ts',
    'an option that must be given may be left out',
    'if (rules[name].needed && options',
    'if (!rules[name].needed && options',
    'options',
  ],
]);

const io = planted('io/safetensors', [
  [
    'src/io/safetensors.ts',
    'tensors that overlap are let pass',
    'if (start < covered) fail(`tensors',
    'if (start + 4 < covered) fail(`tensors',
  ],
  ['src/io/safetensors.ts', 'the header is not aligned', 'Math.ceil(text.length / 8) * 8', 'text.length'],
  [
    'src/io/safetensors.ts',
    'offsets begin where the one before began',
    'at += bytes.length;\n  }\n  const text',
    'at += 0;\n  }\n  const text',
  ],
  [
    'src/io/elements.ts',
    'big-endian halves are read as little-endian',
    'fromHalf(view.getUint16(offset, little))',
    'fromHalf(view.getUint16(offset, little || true))',
    'io/npy',
  ],
  ['src/half.ts', 'subnormal halves lose a bit', '* 2 ** -24;', '* 2 ** -25;'],
  [
    'src/io/elements.ts',
    'whole numbers beyond i32 wrap around',
    'if (array === Int32Array && values[i] !== Number(value))',
    'if (array === Uint8Array && values[i] !== Number(value))',
  ],
  [
    'src/io/elements.ts',
    'a view is written from the start of its buffer',
    'data.buffer, data.byteOffset, data.byteLength',
    'data.buffer, 0, data.byteLength',
  ],
  ['src/io/npy.ts', 'a list of one size has no comma', 'shape.length === 1 ?', 'shape.length === 0 ?', 'io/npy'],
  [
    'src/io/npy.ts',
    'arrays in Fortran order are read as they lie',
    "=== 'True') fail('Fortran",
    "=== 'true') fail('Fortran",
    'io/npy',
  ],
]);

export const baseFaults: readonly Fault[] = [...tape, ...tensors, ...device, ...io];
