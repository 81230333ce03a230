// The laboratory: Debian's newest Mesa and its no-hardware shims in a folder of their own, beside everything else on the
// machine and without root. Four of its drivers compile for a GPU that is not there.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UsageError, WgradError } from '../../src/index.js';
import { bufferedErrors } from './buffered.js';

export const GPUS = ['nvidia', 'amd', 'apple', 'adreno'] as const;
export type GpuName = (typeof GPUS)[number];

interface Driver {
  /** What it compiles for. */
  title: string;
  /** The file of its description, and its shim. */
  icd: string;
  shim: string;
  /** Which GPU. */
  env: Record<string, string>;
  /** That the compiler prints what it makes. */
  prints: Record<string, string>;
  /** What `registers` and `fits` of a reading are. */
  registers: string;
  fits: string;
}

export const DRIVERS: Record<GpuName, Driver> = {
  nvidia: {
    ...{
      title: "NVIDIA GA100 by Mesa's NAK",
      icd: 'nouveau',
      shim: 'nouveau',
      registers: 'of 32 bits',
      fits: 'warps, 64 at most',
    },
    env: { NOUVEAU_CHIPSET: '170' },
    prints: { NAK_DEBUG: 'print' },
  },
  amd: {
    ...{
      title: "AMD Navi 31 by Mesa's ACO",
      icd: 'radeon',
      shim: 'amdgpu',
      registers: 'vector',
      fits: 'subgroups a SIMD, 16 at most',
    },
    env: { AMDGPU_GPU_ID: 'navi31' },
    prints: { RADV_DEBUG: 'shaderstats,asm,nocache' },
  },
  apple: {
    ...{
      title: 'Apple M1 by Honeykrisp',
      icd: 'asahi',
      shim: 'asahi',
      registers: 'halves, of 16 bits',
      fits: 'threads, 1024 at most',
    },
    env: {},
    prints: { AGX_MESA_DEBUG: 'shaders,shaderdb' },
  },
  adreno: {
    ...{
      title: "Adreno 740 by Mesa's ir3",
      icd: 'freedreno',
      shim: 'freedreno',
      registers: 'vec4s',
      fits: 'waves, 16 at most',
    },
    env: { FD_GPU_ID: '740' },
    prints: { IR3_SHADER_DEBUG: 'cs,disasm' },
  },
};

/** The suite whose Mesa is compiled with, and the one that it needs beside it. */
const SUITES = ['trixie', 'trixie-backports'];
const NEWEST = ['mesa-vulkan-drivers', 'mesa-drm-shim'];
const BESIDE = ['libvulkan1', 'libstdc++6', 'libgcc-s1', 'zlib1g', 'tcc'];
/** Written last, with the packages' names; another name where a version of this file fetches others. */
const READY = 'ready-2';
const LIBRARIES = 'root/usr/lib/x86_64-linux-gnu';

const cache = () => process.env.WGRAD_CACHE || join(homedir(), '.cache/wgrad');

/** Why there can be no laboratory here, or undefined. */
export function withoutLab(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return 'it needs Linux on x64: its compilers are built for that';
  if (installed()) return undefined;
  if (!existsSync('/usr/bin/apt-get')) return "it needs apt, which fetches Debian's Mesa (nothing is installed by it)";
  if (!mirror()) return 'apt knows no Debian mirror here (`apt-get indextargets`)';
  return undefined;
}

/** The laboratory's folder, filled first if it is not there. @throws WgradError that says what failed. */
export function openLab(say: (text: string) => void): string {
  const reason = withoutLab();
  if (reason) throw new UsageError(`gpus: no compilers: ${reason}`);
  const folder = join(cache(), 'gpus');
  if (installed()) return folder;
  say(`Fetching Mesa's compilers into ${folder} (100 MB, 400 MB unpacked; once)`);
  const part = `${folder}.${process.pid}`;
  try {
    fill(part);
    rmSync(folder, { recursive: true, force: true });
    renameSync(part, folder);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
  return folder;
}

const installed = () => existsSync(join(cache(), 'gpus', READY));

/** The mirror that this machine's own apt uses for Debian. */
function mirror(): string | undefined {
  const { stdout = '' } = spawnSync('apt-get', ['indextargets', '--format', '$(REPO_URI)'], { encoding: 'utf8' });
  return stdout.split('\n').find((uri) => /\/debian\/?\s*$/.test(uri));
}

function fill(folder: string): void {
  const state = join(folder, 'apt');
  for (const name of ['lists/partial', 'cache/archives/partial', 'parts'])
    mkdirSync(join(state, name), { recursive: true });
  writeFileSync(join(state, 'sources.list'), SUITES.map((suite) => `deb ${mirror()} ${suite} main\n`).join(''));
  writeFileSync(join(state, 'status'), '');
  const settings = {
    'Dir::State': state,
    'Dir::State::Lists': join(state, 'lists'),
    'Dir::State::status': join(state, 'status'),
    'Dir::Cache': join(state, 'cache'),
    'Dir::Etc::SourceList': join(state, 'sources.list'),
    'Dir::Etc::SourceParts': join(state, 'parts'),
    'APT::Architecture': 'amd64',
    'APT::Install-Recommends': 'false',
    'APT::Sandbox::User': '', // files stay the user's own
    'Acquire::Languages': 'none',
    'Debug::NoLocking': 'true',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  command('apt-get', [...options, '-qq', 'update']);
  const fetch = [...options, '-qq', '-y', '--download-only'];
  command('apt-get', [...fetch, '-t', SUITES[1], 'install', ...NEWEST]);
  command('apt-get', [...fetch, 'install', ...BESIDE]);
  const archives = join(state, 'cache/archives');
  const packages = readdirSync(archives).filter((name) => name.endsWith('.deb'));
  for (const name of packages) command('dpkg', ['-x', join(archives, name), join(folder, 'root')]);
  rmSync(state, { recursive: true });
  writeFileSync(join(folder, READY), packages.map((name) => `${name}\n`).join(''));
}

function command(name: string, args: string[]): void {
  const { status, stdout, stderr, error } = spawnSync(name, args, { encoding: 'utf8' });
  if (status === 0) return;
  const last = `${error?.message ?? ''}${stderr}${stdout}`.trim().split('\n').slice(-4).join('\n');
  throw new WgradError(`gpus: ${name} ${args.at(-1)} failed:\n${last}`);
}

/** Writes a driver's description, which has its library's name alone, with the path in this folder; returns its file. */
function describeDriver(folder: string, icd: string): string {
  const description = readFileSync(join(folder, `root/usr/share/vulkan/icd.d/${icd}_icd.json`), 'utf8');
  const absolute = description.replace(/("library_path":\s*")(?:[^"]*\/)?/, `$1${join(folder, LIBRARIES)}/`);
  const file = join(folder, `${icd}.json`);
  if (!existsSync(file) || readFileSync(file, 'utf8') !== absolute) writeFileSync(file, absolute);
  return file;
}

/**
 * A program that is this Node on the laboratory's lavapipe, which computes, and the environment that it needs. What it starts as
 * `process.execPath` is the same again.
 */
export function underLavapipe(folder: string): { file: string; env: Record<string, string> } {
  const libraries = join(folder, LIBRARIES);
  const file = join(folder, 'node-on-lavapipe');
  const itself = `data:text/javascript,process.execPath=${encodeURIComponent(JSON.stringify(file))}`; // not the loader's path
  const loader = `'${join(libraries, 'ld-linux-x86-64.so.2')}' --library-path '${libraries}' '${process.execPath}'`;
  writeFileSync(file, `#!/bin/sh\nexec ${loader} --import '${itself}' "$@"\n`, { mode: 0o755 });
  return { file, env: { VK_DRIVER_FILES: describeDriver(folder, 'lvp') } };
}

/**
 * How to start this Node with a GPU's compiler behind Vulkan: by the laboratory's own loader, with its libraries. The compiler prints
 * what it makes, unless it is `silent`.
 */
export function underCompiler(
  folder: string,
  gpu: GpuName,
  silent = false,
): { file: string; args: string[]; env: NodeJS.ProcessEnv } {
  const { icd, shim, env, prints } = DRIVERS[gpu];
  const libraries = join(folder, LIBRARIES);
  const file = join(libraries, 'ld-linux-x86-64.so.2');
  const load = ['--library-path', libraries];
  const buffered = bufferedErrors(folder, [file, ...load, join(folder, 'root/usr/bin/tcc')]);
  const first = [...(buffered ? [buffered] : []), join(libraries, `lib${shim}_noop_drm_shim.so`)];
  return {
    file,
    args: [...load, '--preload', first.join(':'), process.execPath],
    env: {
      ...process.env,
      ...env,
      ...(silent ? {} : prints),
      VK_DRIVER_FILES: describeDriver(folder, icd),
      MESA_SHADER_CACHE_DISABLE: 'true',
      WGRAD_TUNING: 'off',
    },
  };
}
