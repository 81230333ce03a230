// What kind of processor an adapter is, and how kernels are cut for each kind.

/** The kinds of adapter that are told apart; 'other' is a GPU of none of them. */
export type Family = 'software' | 'nvidia' | 'amd' | 'intel' | 'apple' | 'qualcomm' | 'other';

/** How kernels are cut for a family. */
export interface LaunchPolicy {
  /** Tiles go through workgroup memory and the lanes of a workgroup share long rows. CPUs pay dearly for both. */
  readonly workgroupMemory: boolean;
  /** Threads of a workgroup that has no memory of its own: one SIMD vector of a CPU, two or more subgroups of a GPU. */
  readonly lanes: number;
  /** The same where each thread pools a run of outputs. */
  readonly poolLanes: number;
  /** The most sums that a thread keeps in registers without workgroup memory. */
  readonly sums: number;
  /** Groups of threads that run at once. */
  readonly streams: number;
  /** Groups of threads that give the whole adapter work. */
  readonly enough: number;
  /** Threads and turns of each that measure the peak of multiply-adds. */
  readonly peak: { readonly threads: number; readonly turns: number };
  /** `warmup` measures tilings by itself. Compiling one takes a CPU seconds, and its estimates are good. */
  readonly tunes: boolean;
  /** Lanes to which subgroups are pinned where a driver may choose; 0 for the fewest that it offers. */
  readonly subgroup: number;
}

interface Kind {
  /** As Dawn calls the vendor, and as wgpu does: its PCI number in decimal digits. */
  readonly vendors: readonly string[];
  /** Words of architecture, device or description, for adapters whose vendor says nothing. */
  readonly words: RegExp;
  readonly policy: LaunchPolicy;
}

const CPU: LaunchPolicy = {
  workgroupMemory: false,
  lanes: 8,
  poolLanes: 8,
  sums: 128,
  streams: 4,
  enough: 8,
  peak: { threads: 4096, turns: 512 },
  tunes: false,
  subgroup: 0,
};
const GPU: LaunchPolicy = {
  workgroupMemory: true,
  lanes: 64,
  poolLanes: 32,
  sums: 64,
  streams: 256,
  enough: 512,
  peak: { threads: 2 ** 18, turns: 2048 },
  tunes: true,
  subgroup: 0,
};

/** Every family. Subgroups: RDNA's have 32 or 64 lanes, Intel's 8 to 32, Adreno's 64 or 128, the others' one number. */
export const FAMILIES: Readonly<Record<Family, Kind>> = {
  software: { vendors: [], words: /llvmpipe|lavapipe|swiftshader|basic render|\bwarp\b/i, policy: CPU },
  nvidia: { vendors: ['nvidia', '4318'], words: /nvidia|geforce|\bnvk\b/i, policy: GPU },
  amd: { vendors: ['amd', '4098'], words: /\bamd\b|radeon|\brdna|\bgcn/i, policy: { ...GPU, subgroup: 32 } },
  intel: { vendors: ['intel', '32902'], words: /\bintel\b/i, policy: { ...GPU, subgroup: 16 } },
  apple: { vendors: ['apple', '4203'], words: /\bapple\b|honeykrisp/i, policy: GPU },
  qualcomm: { vendors: ['qualcomm', '20803'], words: /adreno|qualcomm/i, policy: { ...GPU, subgroup: 64 } },
  other: { vendors: [], words: /^/, policy: GPU },
};

/** What an adapter says of itself. */
export type AdapterNames = Pick<GPUAdapterInfo, 'vendor' | 'architecture' | 'device' | 'description'> &
  Partial<Pick<GPUAdapterInfo, 'isFallbackAdapter' | 'subgroupMinSize' | 'subgroupMaxSize'>>;

/**
 * The family of an adapter: 'software' where its driver says that it is a CPU or is called as one, else its vendor's, else that of
 * the first family whose words are in its names. Mesa's vendor and its architecture 'software' say nothing: lavapipe has
 * them, and so has Honeykrisp, which drives Apple's GPUs.
 */
export function familyOf({ vendor, architecture, device, description, isFallbackAdapter }: AdapterNames): Family {
  const names = `${architecture} ${device} ${description}`;
  if (isFallbackAdapter || FAMILIES.software.words.test(names)) return 'software';
  const families = Object.entries(FAMILIES) as [Family, Kind][];
  const known = families.find(([, { vendors }]) => vendors.includes(vendor.toLowerCase()));
  return (known ?? families.find(([, { words }]) => words.test(names)))![0];
}

/**
 * Lanes of a subgroup in our kernels, and whether each kernel has to ask for them: where the driver may choose, with the
 * feature 'subgroup-size-control'. 0 lanes where kernels may not use subgroups, or nothing fixes their size.
 */
export function subgroupsOf(info: AdapterNames, features: ReadonlySet<string>): { lanes: number; pinned: boolean } {
  const { subgroupMinSize: least = 0, subgroupMaxSize: most = 0 } = info;
  if (!features.has('subgroups')) return { lanes: 0, pinned: false };
  if (least === most) return { lanes: least, pinned: false };
  if (!features.has('subgroup-size-control')) return { lanes: 0, pinned: false };
  const wanted = FAMILIES[familyOf(info)].policy.subgroup;
  return { lanes: Math.min(most, Math.max(least, wanted)), pinned: true };
}
