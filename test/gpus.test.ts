// How `npm run gpus` reads what compilers print, on listings as short as can be: no compiler is run.
import * as assert from 'uvu/assert';
import { boundOf, MACHINES } from '../bench/gpus/bound.js';
import { anatomy, type Block, type Instruction } from '../bench/gpus/code.js';
import type { Compiled } from '../bench/gpus/compile.js';
import { readAdreno } from '../bench/gpus/read/adreno.js';
import { readAmd } from '../bench/gpus/read/amd.js';
import { readApple } from '../bench/gpus/read/apple.js';
import { readNvidia } from '../bench/gpus/read/nvidia.js';
import { changes } from '../bench/gpus/table.js';
import { suite } from './support/suite.js';

const test = suite('gpus');

const nvidia = `workgroup_size: 256, 1, 1
shared_size: 16384
NAK IR after calc_instr_deps:
block.u 0 L1 [] -> {
   r0     = s2r sr[0x21]                             // delay=1
} -> [1]
block 1 L2 [0, 1] -> {
   r4..8  = ld.shared.strong.cta.b128 [r0]           // delay=2
   r1     = ffma.ftz r4 r5 r1                        // delay=2
   r2     = ld.global.a64.constant.b32 [r2..4], p0   // delay=2
@!p0        bra pT L2                                // delay=1
} -> [1, 2]
block 2 L3 [1] -> {
            exit                                     // delay=1
} -> []

Stage: compute
Instruction count: 6
Max warps/SM: 64
Spills to mem: 3
Num GPRs: 24
SLM size: 12
Encoded shader:
`;
const amd = `
BB0:
	s_mov_b32 s0, s5                       ; be800005
BB1:
	ds_load_b64 v[0:1], v2                 ; d9d80000
	v_dual_fmac_f32 v1, v2, v3 :: v_dual_fmac_f32 v4, v5, v6 ; c8000000
	v_add_nc_u32_e32 v2, 4, v2             ; 4a040284
	buffer_load_b128 v[4:7], v1, s[0:3], 0 offen ; e05c0000
	s_cbranch_scc1 BB1                     ; bfa20000
BB2:
	s_endpgm                               ; bfb00000
*** SHADER STATS ***
VGPRs: 120
Spilled VGPRs: 0
LDS size: 7168
Scratch size: 0
Subgroups per SIMD: 12
`;
const apple = `shared_size: 4096
   0: f2053300               mov      $r1, thread_index_in_threadgroup
   4: 0501000d00c4f200       lload    r0_r1_r2_r3, r7l, 0, i32, xyzw
   c: 0501000d00c4f204       ffma     r1, r2, r3, r1
  10: 0531c00610c81200       load     r6, dr8, r6, lsl 2, i32, x, a
  18: 00c0f2fdffff           jmp_any  -20
  1e: 8800                   stop
   0: 0501900d00c4f200       load     r0_r1_r2_r3, du0, 9, lsl 1, i32, xyzw, a
CS shader: 6 instrs, 4 alu, 4 fscib, 0 ic, 32 code size, 231 gprs, 502 uniforms, 8 scratch, 448 threads, 1 loops, 2:2 spills:fills, 1 preamble inst
`;
const adreno = ['shared_size: 7168', '@const(c16.x)\t0x1, 0x2', 'shps #l3', 'ldc.u r0.x, 0', '(sy)shpe', 'l3:']
  .concat('mov.u32u32 r0.w, 0', 'l9:', 'ldl.u32 r1.y, l[r1.y], 4', '(sy)(rpt1)mad.f32 r2.x, (r)r3.y, r4.y, (r)r2.x')
  .concat('(nop3) add.u r1.x, r1.x, 1', 'isam.v.base0 (u32)(xyzw)r8.z, r1.x, s#0, t#0', 'br p0.x, #l9', 'end')
  .concat('; CL prog 18/1: 0 half, 32 full, 12 constlen', '; CL prog 18/1: 6 max_waves, 0 double_threadsize')
  .map((line) => `MESA: info: ${line}\n`)
  .join('');

test('each compiler’s loop is found, with what it is made of', () => {
  const [n, a, m, q] = [readNvidia(nvidia), readAmd(amd), readApple(apple), readAdreno(adreno)];
  const steps = [n, a, m, q].map(({ blocks }) => {
    const { loops, step, hot } = anatomy(blocks);
    assert.equal(step, hot);
    return [loops, step.slots, step.multiplyAdds, step.workgroupBytes, step.globalBytes];
  });
  assert.equal(steps, [
    [1, 4, 1, 16, 4],
    [1, 2, 2, 8, 16], // of vector instructions alone; a dual one multiplies and adds twice
    [1, 4, 1, 16, 4],
    [1, 9, 2, 16, 16], // a repeat and three waits
  ]);
});

test('each compiler’s figures are read', () => {
  const figures = [readNvidia(nvidia), readAmd(amd), readApple(apple), readAdreno(adreno)].map(
    ({ registers, spills, scratchBytes, workgroupBytes, fits }) => [
      registers,
      spills,
      scratchBytes,
      workgroupBytes,
      fits,
    ],
  );
  assert.equal(figures, [
    [24, 3, 12, 16384, 64],
    [120, 0, 0, 7168, 12],
    [231, 2, 8, 4096, 448],
    [32, 0, 0, 7168, 6],
  ]);
  const crowded = readNvidia(nvidia.replace('shared_size: 16384', 'shared_size: 49152'));
  assert.is(crowded.fits, 24); // three groups of eight warps in 164 KiB
});

test('code that is not there is an error, not a row of zeros', () => {
  assert.throws(() => anatomy(readAmd('no such listing').blocks), /no machine code was found/);
});

const one = (op: string, slots = 1, multiplyAdds = 0): Instruction => ({
  op,
  kind: 'other',
  slots,
  multiplyAdds,
  bytes: 0,
});
const block = (name: string, next: string[], ...instructions: Instruction[]): Block => ({ name, next, instructions });

test('a step with an inner loop goes round it as often as its multiply-adds say', () => {
  const blocks = [
    block('start', ['outer'], one('mov')),
    block('outer', ['inner', 'end'], one('load', 3)),
    block('inner', ['inner', 'store'], one('fma', 4, 4), one('lds')),
    block('store', ['outer'], one('sts', 2)),
    block('end', [], one('exit')),
  ];
  const once = anatomy(blocks);
  assert.equal([once.loops, once.step.slots, once.step.multiplyAdds], [2, 5, 4]);
  const { step } = anatomy(blocks, 16);
  assert.equal([step.slots, step.multiplyAdds], [3 + 4 * 5 + 2, 16]);
});

test('without a loop the longest way counts', () => {
  const blocks = [
    block('a', ['b', 'c'], one('cmp')),
    block('b', ['d'], one('x', 7)),
    block('c', ['d'], one('y', 2)),
    block('d', [], one('exit')),
  ];
  assert.is(anatomy(blocks).step.slots, 9);
  assert.is(anatomy(blocks).loops, 0);
});

test('the bound is what takes longest', () => {
  const step = { instructions: 100, slots: 128, multiplyAdds: 64, workgroupBytes: 64, globalBytes: 0, ops: [] };
  assert.equal(boundOf(step, true, MACHINES.nvidia).share, 0.5);
  assert.is(boundOf(step, true, MACHINES.nvidia).by, 'issue');
  const staged = boundOf({ ...step, workgroupBytes: 512 }, true, MACHINES.nvidia);
  assert.equal([staged.share, staged.by], [0.125, 'workgroup memory']);
  const copy = boundOf(
    { ...step, multiplyAdds: 0, slots: 22, workgroupBytes: 0, globalBytes: 11 },
    false,
    MACHINES.nvidia,
  );
  assert.equal([copy.of, copy.share, copy.by], ['memory', 1, 'memory']);
});

test('matrix units: their multiply-adds are shared by 32 lanes, and have a rate of their own', () => {
  const hmma = nvidia
    .replace('ffma.ftz r4 r5 r1  ', 'hmma.m16n8k16.f32 r4 r5 r1  ')
    .replace('ld.shared.strong.cta.b128 [r0]', 'ldsm.16.m8n8.x4 [r0]');
  const wmma = amd.replace(/v_dual_fmac.*;/, 'v_wmma_f32_16x16x16_f16 v[1:8], v[9:16], v[17:24], v[1:8] ;');
  const steps = [readNvidia(hmma), readAmd(wmma)].map(({ blocks }) => anatomy(blocks).step);
  assert.equal(
    steps.map(({ matrices, matrixAdds, multiplyAdds, workgroupBytes }) => [
      matrices,
      matrixAdds,
      multiplyAdds,
      workgroupBytes,
    ]),
    [
      [1, 64, 0, 16],
      [1, 128, 0, 8],
    ],
  );
  const [n] = steps.map((step) => boundOf({ ...step, slots: 16, globalBytes: 0 }, true, MACHINES.nvidia));
  assert.equal([n.by, n.share], ['issue', 64 / 1290 / (16 / 128)]);
});

test('a new spill is told from an old one', () => {
  const kernel = (spills: number, registers = 32): Compiled => {
    const { blocks, listing, ...figures } = readAmd(amd);
    const parts = anatomy(blocks);
    const bound = boundOf(parts.step, true, MACHINES.amd);
    const who = { gpu: 'amd' as const, label: 'k', name: 'k', product: true, uses: [] };
    return { ...who, ...figures, ...parts, bound, spills, registers };
  };
  const broken = (now: Compiled, before: Compiled[]) => changes([now], before).map((change) => change.broken);
  assert.equal(changes([kernel(0)], [kernel(0)]), []);
  assert.equal(broken(kernel(4), [kernel(0)]), [true]);
  assert.equal(broken(kernel(4), [kernel(2)]), [false]);
  assert.equal(broken(kernel(4), []), [true]);
  assert.equal(broken({ ...kernel(0), error: 'no' }, [kernel(0)]), [true]);
  const [fewer] = changes([kernel(0, 24)], [kernel(0, 32)]);
  assert.equal([fewer.better, fewer.what], [true, ['registers 32 -> 24']]);
});

test.run();
