// The matrices that a device's subgroups multiply, and the two ways in which WGSL has called them.

/** Two matrices, m x k and k x n, whose product a subgroup adds to a matrix of f32. */
export interface MatrixShape {
  /** Of the two that are multiplied. */
  type: 'f16' | 'f32';
  /** Rows of the first. */
  m: number;
  /** Columns of the second. */
  n: number;
  /** Columns of the first, rows of the second. */
  k: number;
}

/** Dawn's feature, of its `allow_unsafe_apis`. */
export const MATRICES = 'chromium-experimental-subgroup-matrix';

/** As Dawn lists what an adapter multiplies; WebGPU's types do not have it yet. */
interface Config {
  componentType: string;
  resultComponentType: string;
  M: number;
  N: number;
  K: number;
}

/** The largest matrices of each type whose rows are whole pieces of 16 bytes; none where a device lacks the feature. */
export function matricesOf(info: GPUAdapterInfo, features: ReadonlySet<string>): MatrixShape[] {
  if (!features.has(MATRICES)) return [];
  const configs = [...((info as { subgroupMatrixConfigs?: Iterable<Config> }).subgroupMatrixConfigs ?? [])];
  return (['f16', 'f32'] as const).flatMap((type) => {
    const fit = configs.filter(
      ({ componentType, resultComponentType, M, N, K }) =>
        componentType === type && resultComponentType === 'f32' && [M, N, K].every((side) => side % 8 === 0),
    );
    const largest = fit.sort((a, b) => b.M * b.N * b.K - a.M * a.N * a.K)[0];
    return largest ? [{ type, m: largest.M, n: largest.N, k: largest.K }] : [];
  });
}

const PROBE = `enable chromium_experimental_subgroup_matrix;
var<workgroup> numbers: array<vec4u, 16>;
@compute @workgroup_size(32) fn main() {
  let matrix = subgroupMatrixLoad<subgroup_matrix_result<f32, 8, 8>, row_major>(&numbers, 0u, 2u);
  subgroupMatrixStore<row_major>(&numbers, 0u, matrix, 2u);
}`;

/** Whether a device knows matrices by their first names alone, as browsers from before the summer of 2026. */
export async function onlyFirstSpelling(device: GPUDevice): Promise<boolean> {
  if (!device.features.has(MATRICES)) return false;
  device.pushErrorScope('validation');
  device.createShaderModule({ label: 'subgroup matrices', code: PROBE });
  return (await device.popErrorScope()) !== null;
}

/**
 * A kernel's matrices in the first spelling: `subgroupMatrixLoad<T>(array, offset, column_major, stride)`, where now the order stands
 * beside the type. It takes arrays of a matrix's own numbers only: a kernel with slots for that sets them by `firstSpelling`.
 */
export function inFirstSpelling(code: string): string {
  const order = (name: string) => String(name === 'col_major');
  return code
    .replace(
      /subgroupMatrixLoad<(.+), (row_major|col_major)>\((.+), ([^,]+)\);/g,
      (_, type, name, places, stride) => `subgroupMatrixLoad<${type}>(${places}, ${order(name)}, ${stride});`,
    )
    .replace(
      /subgroupMatrixStore<(row_major|col_major)>\((.+), ([^,]+)\);/g,
      (_, name, places, stride) => `subgroupMatrixStore(${places}, ${order(name)}, ${stride});`,
    );
}
