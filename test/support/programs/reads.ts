// Preloaded into every process of a test run, programs under test too, where WGRAD_TEST_READS asks for another adapter's order:
//   slow  a read-back comes 100 ms late
//   fast  the device has done a submit by the time that the call returns: nothing that waits ever finds it at work
// Numbers stay as they are.
import { isMainThread } from 'node:worker_threads';
import { poll, track } from '../../../src/node/pacer.js';
import { replaceMethod } from './dawn.js';

const LATE_MS = 100;
const POLL_MS = 0.2;

function slow(): void {
  replaceMethod<GPUBuffer['mapAsync']>('GPUBuffer', 'mapAsync', (mapAsync) => {
    return async function (this: GPUBuffer, ...args) {
      await mapAsync.apply(this, args);
      await new Promise((resolve) => setTimeout(resolve, LATE_MS));
    };
  });
}

/** A buffer that comes to the host once all that was submitted before is done. */
interface Fence {
  device: GPUDevice;
  buffer: GPUBuffer;
}

function fast(): void {
  const fences = new WeakMap<GPUQueue, Fence>();
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  replaceMethod<GPUAdapter['requestDevice']>('GPUAdapter', 'requestDevice', (requestDevice) => {
    return async function (this: GPUAdapter, ...args) {
      const device = await requestDevice.apply(this, args);
      const buffer = device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      fences.set(device.queue, { device, buffer });
      return device;
    };
  });
  replaceMethod<GPUQueue['submit']>('GPUQueue', 'submit', (submit) => {
    return function (this: GPUQueue, commands) {
      submit.call(this, commands);
      const { device, buffer } = fences.get(this)!;
      const encoder = device.createCommandEncoder();
      encoder.clearBuffer(buffer);
      submit.call(this, [encoder.finish()]);
      track(() => buffer.mapAsync(GPUMapMode.READ)).catch(() => {}); // the device was lost
      while (buffer.mapState === 'pending') {
        Atomics.wait(sleeper, 0, 0, POLL_MS);
        poll();
      }
      buffer.unmap();
    };
  });
}

if (isMainThread) ({ slow, fast })[process.env.WGRAD_TEST_READS as 'slow' | 'fast']?.();
