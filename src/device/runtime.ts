// The device in use, and the functions that the kernels are written with.

import { missingGpuAdvice, openGpu, setting, track } from '#gpu';
import { DeviceError, DeviceLostError } from '../errors.js';
import { checkOptions } from '../options.js';
import { adapterName } from './adapter-name.js';
import { Recorder } from './command-recorder.js';
import { Failures } from './failures.js';
import { GPU_OPTIONS, type GpuOptions } from './gpu-options.js';
import { PipelineCache } from './pipeline.js';
import { BufferPool, type Holder, type PoolStats } from './pool.js';
import { activeRecorder, type RecorderStats, useRecorder } from './recorder.js';
import { setBindingLimit } from './windows.js';

/** The adapter as it names itself. */
export interface DeviceInfo {
  /** Such as 'nvidia' or 'apple'; '' where the browser does not say, here and below. */
  vendor: string;
  /** Its family, such as 'hopper'. */
  architecture: string;
  /** Its model, or a number for it. */
  device: string;
  /** What it says of itself: the driver, and often a name. */
  description: string;
  /** What to call it in a message: model and description. */
  name: string;
  /** A CPU pretends to be a GPU (lavapipe, SwiftShader). */
  software: boolean;
  /** Which limits were asked for. */
  limits: 'adapter' | 'default';
  /** Lanes of a subgroup, where that is one fixed number and kernels may use subgroups; else 0. */
  subgroupSize: number;
}

interface Runtime {
  gpu: GPU;
  adapter: GPUAdapter;
  device: GPUDevice;
  info: DeviceInfo;
  pool: BufferPool;
  pipelines: PipelineCache;
  recorder: Recorder;
  failures: Failures;
  lost: Promise<DeviceLostError>;
}

let current: Runtime | undefined;
let opening: Promise<void> | undefined;
/** Devices that are given up and have not said so yet: Chromium never tells of one that is collected before. */
const leaving = new Set<Runtime>();

const SILENT_SECONDS = 600;
const FREE_CAP_BYTES = 2 * 2 ** 30;
const WANTED_FEATURES: GPUFeatureName[] = ['shader-f16', 'subgroups', 'timestamp-query'];
const WANTED_LIMITS = [
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const;

/**
 * Opens the GPU: Dawn in Node, `navigator.gpu` in a browser. Called again it does nothing; after the device was
 * lost or `shutdown()` it opens a new one (tensors of the old one are gone).
 * @throws DeviceError when there is no usable adapter, with what to do about it; UsageError for an option that is none.
 */
export async function init(options: GpuOptions = {}): Promise<void> {
  checkOptions('init', options, GPU_OPTIONS);
  if (current) return;
  opening ??= open(options).finally(() => {
    opening = undefined;
  });
  await opening;
}

async function open(options: GpuOptions): Promise<void> {
  const unsafe = options.unsafe ?? setting('WGRAD_UNSAFE') === '1';
  const gpu = await openGpu({ ...options, unsafe });
  const powerPreference = options.powerPreference ?? 'high-performance';
  const adapter = await (gpu ? track(() => gpu.requestAdapter({ powerPreference })) : null);
  if (!gpu || !adapter) throw new DeviceError(`init: no WebGPU adapter was found. ${missingGpuAdvice}`);
  const timeout = options.timeout ?? SILENT_SECONDS;
  const limits = options.limits ?? (setting('WGRAD_LIMITS') === 'default' ? 'default' : 'adapter');
  const descriptor: GPUDeviceDescriptor = { label: 'wgrad' };
  if (limits === 'adapter') {
    descriptor.requiredFeatures = WANTED_FEATURES.filter((f) => adapter.features.has(f));
    descriptor.requiredLimits = Object.fromEntries(WANTED_LIMITS.map((name) => [name, adapter.limits[name]]));
  }
  const device = await track(() => adapter.requestDevice(descriptor)).catch((error) => {
    throw new DeviceError(`init: the adapter gave no device: ${error.message}. ${missingGpuAdvice}`, { cause: error });
  });
  const { vendor, architecture, device: model, description, subgroupMinSize = 0, subgroupMaxSize } = adapter.info;
  const subgroupSize = device.features.has('subgroups') && subgroupMinSize === subgroupMaxSize ? subgroupMinSize : 0;
  const software = /llvmpipe|lavapipe|swiftshader|software/i.test(`${architecture} ${model} ${description}`);
  const name = adapterName(adapter.info, software);
  const info = { vendor, architecture, device: model, description, name, software, limits, subgroupSize };
  current = assemble(gpu, adapter, device, info, timeout);
}

function assemble(gpu: GPU, adapter: GPUAdapter, device: GPUDevice, info: DeviceInfo, timeout: number): Runtime {
  const giveUp = (error: DeviceLostError): void => {
    lose(runtime, error);
    device.destroy();
  };
  const silence = `the device has not answered for ${timeout} s and is given up; call \`await init()\` to open a new one`;
  const failures = new Failures(timeout, () => giveUp(new DeviceLostError(silence)));
  const answer = <T>(call: () => Promise<T>): Promise<T> => track(() => failures.answer(call()));
  const pipelines = new PipelineCache(device, answer);
  const beforeTrim = (): Promise<void> => recorder.beforeTrim();
  const forgetBindGroups = (): void => recorder.forgetBindGroups();
  const poolHost = { device, track: answer, beforeTrim, forgetBindGroups };
  const pool = new BufferPool(poolHost, device.limits.maxBufferSize, FREE_CAP_BYTES);
  const recorder = new Recorder({ device, track: answer, failures, pipelines, pool, giveUp });
  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault(); // thrown by the next read instead of logged
    const { message } = (event as GPUUncapturedErrorEvent).error;
    recorder.failAll(new DeviceError(`the device refused a command: ${message}`));
  });
  const lost = device.lost.then(({ reason, message }) => {
    const error = new DeviceLostError(
      `the device was lost (${reason || 'unknown'}: ${message.trim()}); call \`await init()\` to open a new one`,
    );
    lose(runtime, error);
    return error;
  });
  setBindingLimit(device.limits.maxStorageBufferBindingSize);
  useRecorder(recorder);
  const runtime: Runtime = { gpu, adapter, device, info, pool, pipelines, recorder, failures, lost };
  return runtime;
}

function runtime(): Runtime {
  activeRecorder(); // throws if there is none
  return current!;
}

/** From here on all that needs the device throws. */
function lose(runtime: Runtime, error: DeviceLostError): void {
  runtime.failures.lose(error);
  runtime.pool.lost ??= error;
  if (current !== runtime) return;
  current = undefined;
  leaving.add(runtime);
  void runtime.lost.then(() => leaving.delete(runtime));
  useRecorder(undefined, error);
}

/**
 * Closes the device, also one that `init()` is opening. Tensors made on it are gone, and reads under way reject with a
 * DeviceLostError; `init()` opens a new one.
 */
export async function shutdown(): Promise<void> {
  if (opening !== undefined) await opening.catch(() => {}); // whoever called init is told
  if (!current) return;
  const { device, lost } = current;
  lose(current, new DeviceLostError('shutdown() closed the device; call `await init()` to open a new one'));
  useRecorder(undefined);
  device.destroy();
  await track(() => lost);
}

/** Whether a device is open. */
export function ready(): boolean {
  return current !== undefined;
}

/** Settles with the reason if the device is lost, `shutdown()` included. @throws DeviceError if none is open. */
export function deviceLost(): Promise<DeviceLostError> {
  return runtime().lost;
}

/** The adapter's names, and whether it is a software one. @throws DeviceError if none is open. */
export function deviceInfo(): DeviceInfo {
  return runtime().info;
}

/** The open device's limits, as WebGPU names them. @throws DeviceError if none is open. */
export function limits(): GPUSupportedLimits {
  return runtime().device.limits;
}

/** The open device's features, such as 'timestamp-query'. @throws DeviceError if none is open. */
export function features(): GPUSupportedFeatures {
  return runtime().device.features;
}

/** GPU memory, in bytes, and who holds it. */
export interface MemoryReport extends PoolStats {
  /** The largest first. */
  holders: Holder[];
}

/** GPU memory: what is live, what the pool keeps for reuse, the peak, and how many buffers were ever made. */
export function memory(): MemoryReport {
  const { pool } = runtime();
  return { ...pool.stats(), holders: pool.holders() };
}

/** What the device was asked to do since it was opened. */
export interface Activity extends RecorderStats {
  /** Different pipelines asked for: kernels with their slots. */
  pipelines: number;
}

/** Dispatches, submits and bind groups so far, and pipelines compiled. */
export function activity(): Activity {
  const { recorder, pipelines } = runtime();
  return { ...recorder.stats, pipelines: pipelines.size };
}
