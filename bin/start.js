// Starts a program of this package as a process of its own, and ends as it ends. scripts/run.mjs uses it, too.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

// Where a Vulkan driver offers more dynamic buffers than Dawn counts (Mesa's do), Dawn says so at every start, for a limit that
// nobody here uses. It writes from native code, before there is a device, and no toggle of its own keeps it from that.
const GREETING =
  /^Warning: maxDynamic(Uniform|Storage)BuffersPerPipelineLayout artificially reduced from \d+ to \d+ to fit dynamic offset allocation limit\.$/;

/** Node with these arguments. All that it writes is passed on, but for Dawn's greeting. */
export function start(args) {
  const stdio = ['inherit', 'inherit', 'pipe'];
  const launcher = Number(process.env.PMI_FD); // MPICH's processes talk to their launcher through an open file
  if (launcher > 2) {
    while (stdio.length < launcher) stdio.push('ignore');
    stdio[launcher] = launcher;
  }
  const child = spawn(process.execPath, [...process.execArgv, ...args], { stdio });
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (!GREETING.test(line)) process.stderr.write(`${line}\n`);
  });

  // A terminal sends Ctrl-C to the child as well, which must get it once: here it is only kept from ending this process.
  // Without a terminal the signal was sent to this process alone, and is passed on.
  const terminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
  process.on('SIGINT', () => {
    if (!terminal) child.kill('SIGINT');
  });
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));

  child.on('close', (code, signal) => {
    if (!signal) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
