// Makes a bare clone ready to run: Node's version, the packages, and on Linux without a usable GPU a software driver.
// `npm run setup`; scripts/run.mjs calls it each time. When all is there it says nothing and takes no time.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { installVulkanDriver } from './vulkan-driver.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const oldestNode = 20;

/** @throws Error with what to do, when it cannot be made ready. */
export async function setup({ installDriver = true } = {}) {
  checkNode();
  installPackages();
  if (process.platform === 'linux' && installDriver) ensureAdapter();
}

function checkNode() {
  if (Number(process.versions.node.split('.')[0]) >= oldestNode) return;
  throw new Error(`Node ${process.versions.node} is too old: wgrad needs ${oldestNode} or newer (https://nodejs.org)`);
}

/** `npm ci`, unless a folder's node_modules holds what its package-lock.json says. */
export function installPackages(folder = root, what = 'the packages') {
  if (packagesInstalled(folder)) return;
  console.error(`setup: installing ${what} (npm ci)`);
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const options = { cwd: folder, encoding: 'utf8', shell: !npm && process.platform === 'win32' };
  const { status, stdout, stderr, error } = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync('npm', args, options);
  if (status !== 0) throw new Error(`npm ci failed: ${error?.message ?? `${stdout}${stderr}`.trim()}`);
}

function packagesInstalled(folder) {
  const record = `${folder}node_modules/.package-lock.json`; // npm's own, of what it installed
  if (!existsSync(record)) return false;
  const read = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const installed = read(record);
  return Object.entries(read(`${folder}package-lock.json`)).every(([path, { version, optional }]) => {
    if (path === '') return true;
    return path in installed ? installed[path].version === version : optional; // optional: for another platform
  });
}

/** A software Vulkan driver, if Dawn finds no adapter. What was found is remembered until the drivers change. */
function ensureAdapter() {
  const memory = `${root}node_modules/.cache/wgrad/adapter.json`;
  const drivers = installedDrivers();
  if (existsSync(memory) && readFileSync(memory, 'utf8') === drivers) return;
  let probe = probeAdapter();
  if (!probe.found && process.env.ALLOW_NO_GPU === '1') return;
  if (!probe.found) {
    const advice = installVulkanDriver(probe.reason);
    if (!advice) probe = probeAdapter();
    if (!probe.found) {
      console.error(advice ?? `setup: a driver was installed, and Dawn still finds no adapter: ${probe.reason}`);
      return; // not everything needs a GPU; what does will say so
    }
    console.error(`setup: ready to run on ${probe.name}`);
  }
  mkdirSync(`${root}node_modules/.cache/wgrad`, { recursive: true });
  writeFileSync(memory, installedDrivers());
}

function installedDrivers() {
  const folders = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d'].filter(existsSync);
  const files = folders.flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`));
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES } = process.env;
  return JSON.stringify([files.map((file) => [file, statSync(file).mtimeMs]), VK_DRIVER_FILES, VK_ICD_FILENAMES]);
}

/** Asks Dawn in a process of its own: a broken driver may crash it. */
function probeAdapter() {
  const program = `
    import { create } from 'webgpu';
    const adapter = await create([]).requestAdapter();
    if (adapter) console.log(adapter.info.description || adapter.info.device || adapter.info.vendor);
    process.exit(adapter ? 0 : 3);`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  const complaint = stderr.split('\n').find((line) => /error|required|not found|unable/i.test(line));
  return { found: status === 0, name: stdout.trim(), reason: complaint?.trim() ?? 'no adapter' };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await setup().catch((error) => {
    console.error(`setup: ${error.message}`);
    process.exitCode = 1;
  });
}
