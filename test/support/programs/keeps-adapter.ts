// A program that keeps Dawn's own objects global, as one that talks to WebGPU itself might.

import { enter, track } from '../../../src/node/pacer.js';
import { openGpu } from '../../../src/node/platform.js';

const gpu = await openGpu({});
const adapter = await track(() => gpu!.requestAdapter());
const device = await track(() => adapter!.requestDevice());
Object.assign(globalThis, { kept: { gpu, adapter, device } });
const buffer = enter(() => device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST }));
device.queue.writeBuffer(buffer, 0, new Float32Array([1, 2, 3, 4]));
await track(() => device.queue.onSubmittedWorkDone());
console.log('done');
