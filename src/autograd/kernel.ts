// Kernels of the user's own, on the same road as the library's.
import type { LaunchOptions } from '../device/batch.js';
import { DtypeError, KernelError, showValue, UsageError } from '../device/errors.js';
import type { Shader } from '../device/pipeline.js';
import { run } from '../device/recorder.js';
import { reflect } from '../device/reflect.js';
import type { Tensor } from '../tensor/tensor.js';

/** A compute shader that runs on tensors. */
export interface Kernel {
  /** What its text says of itself: name, buffers, parameters and slots. @internal */
  readonly shader: Shader;
  /**
   * Records one launch; what it writes is written in place. `tensors` and `params` by the names in the WGSL. `groups` are
   * workgroups, folded into two dimensions where there are many (`workgroup.x + workgroup.y * groups.x`); `slots` replace
   * the right-hand sides of lines marked `// slot`.
   * @throws KernelError if a name is missing or unknown, DtypeError if an array of floats is given other numbers; WGSL
   * errors arrive with the next read, with their line.
   */
  run(tensors: { [name: string]: Tensor }, params: { [name: string]: number }, options: LaunchOptions): void;
}

/**
 * A kernel from WGSL written by the rules of src/kernels/README.md: first line `// name: what it computes`, buffers in
 * `@group(0)`, parameters in `struct Params` as `p`, entry point `main`. With `record` it becomes an op with a gradient. It
 * has the library's checks, labels and profile. Nothing is compiled before the first launch.
 * @throws KernelError that says which rule is broken.
 */
export function kernel(code: string): Kernel {
  const shader = reflected(code);
  const known = (what: string, names: readonly string[], given: object) => {
    const missing = names.find((name) => !(name in given));
    const extra = Object.keys(given).find((name) => !names.includes(name));
    if (missing !== undefined) throw new KernelError(`${shader.name}: ${what} '${missing}' was not given`);
    if (extra !== undefined) throw new KernelError(`${shader.name}: there is no ${what} '${extra}'`);
  };
  const buffers = shader.buffers.map(({ name }) => name);
  const ofFloats = buffers.filter((name) => new RegExp(`> ${name}\\s*:\\s*array<(f32|vec[234](f|<f32>))>`).test(code));
  const params = shader.params.map(({ name }) => name).filter((name) => !name.endsWith('_base'));
  return {
    shader,
    run(tensors, values, options) {
      known('tensor', buffers, tensors);
      known('parameter', params, values);
      const wrong = ofFloats.find((name) => tensors[name].dtype !== 'f32');
      if (wrong)
        throw new DtypeError(`${shader.name}: '${wrong}' is an array of f32, the tensor is ${tensors[wrong].dtype}`);
      run(shader, Object.fromEntries(buffers.map((name) => [name, tensors[name].buffer])), values, options);
      for (const { name, access } of shader.buffers) {
        if (access === 'read_write') tensors[name].overwrittenBy(`kernel ${shader.name}`);
      }
    },
  };
}

function reflected(code: string): Shader {
  if (typeof code !== 'string') throw new UsageError(`kernel: code is WGSL text, got ${showValue(code)}`);
  try {
    return reflect(code);
  } catch (error) {
    throw new KernelError(`kernel: ${(error as Error).message}`, { cause: error });
  }
}
