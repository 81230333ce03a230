// PyTorch's values: test/golden/<op>/<case>.safetensors, made by test/golden/generate.py.
import { readSafetensors, type StoredTensor } from '../../src/io/safetensors.js';
import { type Tensor, tensor } from '../../src/tensor/tensor.js';
import { goldenFiles, readGolden } from './golden-files.js';

/** Expected values that a test has read, as 'op/case output.y'; the runner checks that none on disk was left out. */
export const valuesRead = new Set<string>();

/** Expected values that a test cannot compare with, and why; the runner prints them. */
export const valuesLeftOut = new Map<string, string>();

export class GoldenCase {
  constructor(
    /** Its folder. */
    readonly op: string,
    readonly name: string,
    /** Arguments under PyTorch's names. */
    readonly args: Record<string, unknown>,
    private readonly tensors: Map<string, StoredTensor>,
  ) {}

  has(key: string): boolean {
    return this.tensors.has(key);
  }

  private get(key: string): StoredTensor {
    const found = this.tensors.get(key);
    if (!found) throw new Error(`golden case ${this.op}/${this.name} has no ${key}`);
    valuesRead.add(`${this.op}/${this.name} ${key}`);
    return found;
  }

  /** Says that a value cannot be compared with, so that it does not count as forgotten. */
  leaveOut(key: string, reason: string): void {
    valuesLeftOut.set(`${this.op}/${this.name} ${key}`, reason);
  }

  /** Reference values on the host. */
  output(name = 'y'): StoredTensor {
    return this.get(`output.${name}`);
  }

  grad(name: string): StoredTensor {
    return this.get(`grad.${name}`);
  }

  /** What its tensors are called that begin so, without that. */
  keys(start: string): string[] {
    return [...this.tensors.keys()].flatMap((key) => (key.startsWith(start) ? [key.slice(start.length)] : []));
  }

  /** An input on the device, floats as `floats`; those that have a gradient require it unless told otherwise. */
  input(name: string, requiresGrad = this.has(`grad.${name}`), floats: 'f32' | 'f16' = 'f32'): Tensor {
    return this.made(`input.${name}`, floats, requiresGrad);
  }

  raw(key: string): StoredTensor {
    return this.get(key);
  }

  /** The upstream gradient of an output; undefined for a scalar loss, where it is 1. */
  dy(name = 'y', floats: 'f32' | 'f16' = 'f32'): Tensor | undefined {
    return this.has(`dy.${name}`) ? this.made(`dy.${name}`, floats) : undefined;
  }

  private made(key: string, floats: 'f32' | 'f16', requiresGrad = false): Tensor {
    const { data, shape } = this.get(key);
    return tensor(data, { shape, requiresGrad, ...(data instanceof Float32Array && { dtype: floats }) });
  }
}

/** All cases of an op, in order of their names. */
export function goldenCases(op: string): GoldenCase[] {
  return goldenFiles()
    .filter((file) => file.startsWith(`${op}/`))
    .map((file) => {
      const name = file.slice(op.length + 1).replace('.safetensors', '');
      const { tensors, metadata } = readSafetensors(readGolden(file), file);
      return new GoldenCase(op, name, JSON.parse(metadata.args ?? '{}'), tensors);
    });
}

/** Every expected value on disk, outputs and gradients of all cases, as 'op/case output.y'. */
export function valuesOnDisk(): string[] {
  return goldenFiles().flatMap((file) => {
    const { tensors } = readSafetensors(readGolden(file), file);
    const expected = [...tensors.keys()].filter((key) => /^(output|grad)\./.test(key));
    return expected.map((key) => `${file.replace('.safetensors', '')} ${key}`);
  });
}
