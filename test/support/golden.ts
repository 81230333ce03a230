// PyTorch's values: test/golden/<op>/<case>.safetensors, made by test/golden/generate.py.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type StoredTensor, readSafetensors } from '../../src/io/safetensors.js';
import { Tensor, tensor } from '../../src/tensor/tensor.js';

const folder = fileURLToPath(new URL('../../../test/golden/', import.meta.url));

/** Cases that a test has asked for, as 'op/name'; the runner checks that none on disk was left out. */
export const casesUsed = new Set<string>();

export class GoldenCase {
  constructor(
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
    if (!found) throw new Error(`golden case ${this.name} has no ${key}`);
    return found;
  }

  /** Reference values on the host. */
  output(name = 'y'): StoredTensor {
    return this.get(`output.${name}`);
  }

  grad(name: string): StoredTensor {
    return this.get(`grad.${name}`);
  }

  /** An input on the device; f32 ones require a gradient unless told otherwise. */
  input(name: string, requiresGrad = this.has(`grad.${name}`)): Tensor {
    const { data, shape } = this.get(`input.${name}`);
    return tensor(data, { shape, requiresGrad });
  }

  raw(key: string): StoredTensor {
    return this.get(key);
  }

  /** The upstream gradient of an output; undefined for a scalar loss, where it is 1. */
  dy(name = 'y'): Tensor | undefined {
    if (!this.has(`dy.${name}`)) return undefined;
    const { data, shape } = this.get(`dy.${name}`);
    return tensor(data, { shape });
  }
}

/** All cases of an op, in order of their names. */
export function goldenCases(op: string): GoldenCase[] {
  return readdirSync(folder + op)
    .filter((file) => file.endsWith('.safetensors'))
    .sort()
    .map((file) => {
      const name = file.replace('.safetensors', '');
      casesUsed.add(`${op}/${name}`);
      const { tensors, metadata } = readSafetensors(readFileSync(`${folder}${op}/${file}`), `${op}/${file}`);
      return new GoldenCase(name, JSON.parse(metadata.args ?? '{}'), tensors);
    });
}

/** Every case on disk, as 'op/name'. */
export function casesOnDisk(): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.safetensors'))
    .map((file) => file.replaceAll('\\', '/').replace('.safetensors', ''));
}
