// Installs Mesa's software Vulkan driver (lavapipe) with apt. Dawn refuses Mesa 22, which is what Debian 12 has:
// there it comes from the backports suite, through the mirror that the machine's own apt already uses. Backports
// are never preferred by apt, so no other package changes.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

const packages = ['mesa-vulkan-drivers', 'libvulkan1'];
const sourceFile = '/etc/apt/sources.list.d/wgrad-backports.sources';
const suitesTooOld = ['bookworm'];
const lockTries = 30;
const lockPauseMs = 4000;

/**
 * Installs the driver; returns nothing, or what a person has to type where this program may not.
 * @throws Error when apt fails.
 */
export function installVulkanDriver(reason) {
  const suite = suitesTooOld.includes(codename()) ? `${codename()}-backports` : undefined;
  const source = suite && backportsSource(codename(), suite);
  const root = becomeRoot();
  if (!existsSync('/usr/bin/apt-get') || !root) return advise(reason, suite, source);
  console.error(
    `setup: Dawn finds no GPU adapter; installing a software Vulkan driver${suite ? ` from ${suite}` : ''}`,
  );
  if (source) writeAsRoot(root, source);
  const update = apt(root, ['update']); // a broken third-party source is no reason to stop: installing decides
  const target = suite ? ['-t', suite] : [];
  const install = apt(root, ['install', '-y', '--no-install-recommends', ...target, ...packages]);
  if (install.status !== 0) throw new Error(`apt-get install failed:\n${update.output}\n${install.output}`);
}

function advise(reason, suite, source) {
  const lines = [
    source && `printf '${source.trim().replaceAll('\n', '\\n')}\\n' | sudo tee ${sourceFile}`,
    `sudo apt-get update && sudo apt-get install -y ${suite ? `-t ${suite} ` : ''}${packages.join(' ')}`,
  ].filter(Boolean);
  const how = existsSync('/usr/bin/apt-get')
    ? `A software one can be installed by typing (it needs root):\n  ${lines.join('\n  ')}`
    : "Install Mesa 24 or newer with its software Vulkan driver (lavapipe) from your distribution's packages.";
  return `setup: Dawn finds no GPU adapter (${reason}). ${how}`;
}

/** The command prefix that makes one root: nothing for root, sudo where it asks for no password, else undefined. */
function becomeRoot() {
  if (process.getuid() === 0) return [];
  return spawnSync('sudo', ['-n', 'true']).status === 0 ? ['sudo', '-n'] : undefined;
}

function apt(root, args) {
  const quiet = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-o', 'DPkg::Lock::Timeout=120'];
  const [command, ...rest] = [...root, ...quiet, ...args];
  for (let attempt = 1; ; attempt++) {
    const { status, stdout, stderr } = spawnSync(command, rest, { encoding: 'utf8' });
    const output = `${stdout}${stderr}`.trim();
    // Another apt is at work, as on a machine that has just started. (A lock left by a dead process does not hold.)
    if (status === 0 || attempt === lockTries || !/could not get lock|unable to lock/i.test(output)) {
      return { status, output };
    }
    if (attempt === 1) console.error('setup: waiting for another apt to finish');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lockPauseMs);
  }
}

function writeAsRoot(root, source) {
  if (root.length === 0) writeFileSync(sourceFile, source);
  else spawnSync(root[0], [...root.slice(1), 'tee', sourceFile], { input: source });
}

function codename() {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  return release.match(/^VERSION_CODENAME="?(\w+)/m)?.[1] ?? '';
}

/** The source entry for backports, or undefined if apt has one. */
function backportsSource(suite, backports) {
  const sources = aptSources();
  if (sources.some((s) => s.suites.includes(backports))) return undefined;
  const own = sources.find((s) => s.suites.includes(suite) && s.components.includes('main'));
  if (!own) throw new Error(`apt's configuration names no mirror for ${suite} main`);
  const keyring = own.signedBy ?? '/usr/share/keyrings/debian-archive-keyring.gpg';
  return `Types: deb\nURIs: ${own.uri}\nSuites: ${backports}\nComponents: main\nSigned-By: ${keyring}\n`;
}

/** What apt is configured with: sources.list, *.list (one line each) and *.sources (deb822 stanzas). */
function aptSources() {
  const folder = '/etc/apt/sources.list.d/';
  const more = existsSync(folder) ? readdirSync(folder).map((name) => folder + name) : [];
  return ['/etc/apt/sources.list', ...more].filter(existsSync).flatMap((file) => {
    const text = readFileSync(file, 'utf8').replace(/^\s*#.*\n?/gm, '');
    return file.endsWith('.sources') ? parseStanzas(text) : parseLines(text);
  });
}

/** `deb [signed-by=KEYRING] URI SUITE COMPONENT...` */
function parseLines(text) {
  const entries = [...text.matchAll(/^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)$/gm)];
  return entries.map(([, options = '', uri, suite, components]) => ({
    uri,
    suites: [suite],
    components: components.split(/\s+/),
    signedBy: options.match(/signed-by=(\S+)/)?.[1],
  }));
}

function parseStanzas(text) {
  const stanzas = text.split(/\n\s*\n/).map((stanza) => {
    const field = (name) => stanza.match(new RegExp(`^${name}:[ \\t]*(.*(?:\\n[ \\t].*)*)`, 'im'))?.[1].trim();
    const words = (name) => field(name)?.split(/\s+/) ?? [];
    const signedBy = field('Signed-By')?.startsWith('/') ? field('Signed-By') : undefined; // else the key itself
    const live = words('Types').includes('deb') && field('Enabled') !== 'no';
    return {
      live,
      uri: words('URIs')[0],
      suites: words('Suites'),
      components: words('Components'),
      signedBy,
    };
  });
  return stanzas.filter((s) => s.live);
}
