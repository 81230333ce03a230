// Looks at what training needs: Node, Dawn, the adapter, and a kernel's answer. Printed by src/cli/doctor.ts.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { add, mul } from '../autograd/ops/index.js';
import { init } from '../device/runtime.js';
import { scope } from '../tensor/scope.js';
import { tensor } from '../tensor/tensor.js';
import { track } from './pacer.js';
import { openGpu } from './platform.js';

/** Something wrong, and what to do about it. */
export interface Problem {
  what: string;
  fix: string;
}

export interface Examination {
  node: string;
  dawn: string;
  backend: string;
  adapter?: GPUAdapter;
  /** Milliseconds of a first small kernel, compiling included; undefined if its answer was wrong or never came. */
  kernelMs?: number;
  problems: Problem[];
}

const oldestNode = 20;
const backends: Partial<Record<NodeJS.Platform, string>> = { darwin: 'Metal', win32: 'Direct3D 12' };

/** Examines this machine. Never throws: what fails becomes a problem with a fix. */
export async function examine(): Promise<Examination> {
  const found: Examination = {
    node: `${process.version} (${process.platform} ${process.arch})`,
    dawn: `webgpu ${createRequire(import.meta.url)('webgpu/package.json').version}`,
    backend: backends[process.platform] ?? 'Vulkan',
    problems: [],
  };
  if (Number(process.versions.node.split('.')[0]) < oldestNode) {
    found.problems.push({ what: `Node ${process.version} is too old`, fix: `install Node ${oldestNode} or newer` });
  }
  const gpu = await openGpu({});
  found.adapter =
    (await (gpu && track(() => gpu.requestAdapter({ powerPreference: 'high-performance' })))) ?? undefined;
  found.problems.push(...(found.adapter ? unusedGpu(found.adapter) : [explain(complaint())]));
  if (found.adapter) await tryKernel(found);
  return found;
}

/** y = x * x + x for 1,000 numbers, every one checked: whole numbers are exact in f32. */
async function tryKernel(found: Examination): Promise<void> {
  const values = Float32Array.from({ length: 1000 }, (_, i) => i);
  const start = performance.now();
  try {
    await init();
    using _step = scope();
    const x = tensor(values);
    const y = await add(mul(x, x), x).data();
    const wrong = values.findIndex((v, i) => y[i] !== v * v + v);
    if (wrong < 0) found.kernelMs = performance.now() - start;
    else found.problems.push({ what: `x * x + x of ${wrong} came out as ${y[wrong]}`, fix: 'update the GPU driver' });
  } catch (error) {
    found.problems.push({ what: `a kernel failed: ${(error as Error).message}`, fix: 'update the GPU driver' });
  }
}

/** What Dawn says on stderr when it finds no adapter. It writes there itself, so it takes a process to read it. */
function complaint(): string {
  const program = "import { create } from 'webgpu'; await create([]).requestAdapter(); process.exit(0);";
  const options = { cwd: new URL('.', import.meta.url), encoding: 'utf8', timeout: 60_000 } as const;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], options).stderr;
}

/** The cause behind Dawn's words, with a fix. Exported for its test. */
export function explain(words: string, platform: NodeJS.Platform = process.platform): Problem {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES } = process.env;
  const named = VK_DRIVER_FILES ?? VK_ICD_FILENAMES;
  const setUp =
    'install the driver of your GPU; without one, a software driver, Mesa 24 or newer:\n' +
    '         apt-get install mesa-vulkan-drivers libvulkan1   (Debian 12: with -t bookworm-backports)';
  if (platform !== 'linux') {
    return { what: 'Dawn finds no GPU adapter', fix: 'update the operating system and the GPU driver' };
  }
  if (named && !named.split(':').some(existsSync)) {
    const variable = VK_DRIVER_FILES ? 'VK_DRIVER_FILES' : 'VK_ICD_FILENAMES';
    return { what: `${variable} names a file that does not exist: ${named}`, fix: `unset ${variable}` };
  }
  if (/libvulkan\.so|couldn't load vulkan|dlopen/i.test(words)) {
    return { what: 'the Vulkan loader (libvulkan.so.1) is missing', fix: setUp };
  }
  if (/ArrayDynamicIndexing required/i.test(words)) {
    return { what: "the Vulkan driver is too old for Dawn (Debian 12's own Mesa 22 is)", fix: setUp };
  }
  if (/no drivers|INCOMPATIBLE_DRIVER/i.test(words)) return { what: 'no Vulkan driver is installed', fix: setUp };
  const first = words.split('\n').find((line) => line.trim() !== '');
  return { what: `Dawn finds no GPU adapter${first ? `: ${first.trim()}` : ''}`, fix: setUp };
}

/** A CPU does the work although there is a GPU. */
function unusedGpu(adapter: GPUAdapter): Problem[] {
  if (!adapter.info.isFallbackAdapter || process.platform !== 'linux') return [];
  const folder = '/dev/dri/';
  const nodes = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('renderD')) : [];
  const locked = nodes.find((name) => !mayUse(folder + name));
  if (locked) {
    const fix = 'sudo usermod -aG render,video $USER, then log in again';
    return [{ what: `a CPU stands in for the GPU: you may not open ${folder}${locked}`, fix }];
  }
  if (existsSync('/dev/nvidia0')) {
    const fix = 'install the Vulkan part of the NVIDIA driver (in a container: NVIDIA_DRIVER_CAPABILITIES=all)';
    return [{ what: 'a CPU stands in for the NVIDIA GPU, which has no Vulkan driver here', fix }];
  }
  return [];
}

function mayUse(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
