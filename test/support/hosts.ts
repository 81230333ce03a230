// Two hosts of network namespaces, joined by a cable of their own: what passes between them is TCP. Needs root and iproute2.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Launcher } from './mpi.js';
import { Skip } from './suite.js';

const HOSTS = ['wgrad-a', 'wgrad-b'];
const NET = '10.77.0';

function ip(args: string): void {
  const { status, stderr, error } = spawnSync('ip', args.split(' '), { encoding: 'utf8' });
  if (status !== 0) throw new Skip(`no network namespaces here: ip ${args}: ${(error?.message ?? stderr).trim()}`);
}

/** Two processes on each of two hosts; `mpirun` runs on the first, and reaches the second by `ip netns exec` in place of ssh. */
export function openHosts(launcher: Launcher): { launcher: Launcher; close(): void } {
  const folder = mkdtempSync(`${tmpdir()}/wgrad-hosts-`);
  const close = () => {
    for (const host of HOSTS) {
      spawnSync('ip', ['netns', 'del', host]);
      rmSync(`/etc/netns/${host}`, { recursive: true, force: true });
    }
    rmSync(folder, { recursive: true, force: true });
  };
  if (process.getuid?.() !== 0) throw new Skip('network namespaces need root');
  close();
  mkdirSync(folder);
  for (const host of HOSTS) {
    ip(`netns add ${host}`);
    ip(`-n ${host} link set lo up`);
    mkdirSync(`/etc/netns/${host}`, { recursive: true });
    const names = HOSTS.map((name, i) => `${NET}.${i + 1} ${name}\n`).join('');
    writeFileSync(`/etc/netns/${host}/hosts`, `127.0.0.1 localhost\n${names}`);
  }
  ip(`link add cable netns ${HOSTS[0]} type veth peer name cable netns ${HOSTS[1]}`);
  for (const [i, host] of HOSTS.entries()) {
    ip(`-n ${host} addr add ${NET}.${i + 1}/24 dev cable`);
    ip(`-n ${host} link set cable up`);
  }
  const agent = `${folder}/agent.sh`; // called as ssh is: HOST COMMAND...
  writeFileSync(agent, '#!/bin/sh\nhost=$1\nshift\nexec ip netns exec $host unshare --uts sh -c "hostname $host; $*"\n', { mode: 0o755 }); // biome-ignore format: one line
  const on = `${folder}/mpirun.sh`;
  const nets = `--mca btl_tcp_if_include ${NET}.0/24 --mca oob_tcp_if_include ${NET}.0/24`;
  const options = `--mca plm_rsh_agent ${agent} ${nets} --host ${HOSTS.map((host) => `${host}:2`).join()}`;
  const start = `hostname ${HOSTS[0]}; exec ${launcher.command} ${options} "$@"`;
  writeFileSync(on, `#!/bin/sh\nexec ip netns exec ${HOSTS[0]} unshare --uts sh -c '${start}' sh "$@"\n`, {
    mode: 0o755,
  });
  return { launcher: { ...launcher, command: on, args: ['--bind-to', 'none'] }, close };
}
