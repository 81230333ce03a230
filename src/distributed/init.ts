// Finds out whether a launcher started this process, and makes its world.
import { availableParallelism } from 'node:os';
import { settled } from '../optim/params.js';
import { checkOptions } from '../options.js';
import { bindingWarning, ownBinding } from './binding.js';
import { graphicsCards } from './cards.js';
import { launcherOf } from './launcher.js';
import { startMpi } from './mpi.js';
import { WAIT_RULES, type WaitOptions, World } from './world.js';

/** MPI is started once in a process, and cannot be started again. */
let started: Promise<World> | undefined;

/**
 * Joins the processes that `mpirun`, `srun` or an MPIJob started: waits for all of them, and shares the machine's graphics cards and cores out
 * among those that it has. Without a launcher it is a world of one, and nothing is loaded. Call it before anything that opens the device.
 * Again it gives the same world. PyTorch: torch.distributed.init_process_group.
 * @throws DistributedError where the package koffi or MPI's library is missing, or the library is not the launcher's.
 */
export function initDistributed(options: WaitOptions = {}): Promise<World> {
  checkOptions('initDistributed', options, WAIT_RULES);
  started ??= join(settled<Required<WaitOptions>>({ timeout: 600, heartbeat: 60 }, options));
  return started;
}

async function join(wait: Required<WaitOptions>): Promise<World> {
  const launcher = launcherOf(process.env);
  // MPICH's transport patches brk and mmap in the running C library to watch memory: one training in forty then crashed inside V8.
  if (launcher) process.env.UCX_MEM_EVENTS ??= 'no';
  const world = new World(launcher && (await startMpi(launcher, process.env)), wait);
  if (!launcher) return world;
  process.on('exit', (code) => world.end(code));
  process.on('uncaughtExceptionMonitor', (error) => {
    if (world.takesAllDown) console.error(`rank ${world.rank}:`, error); // Node would print it after 'exit', in which MPI ends the process
  });
  await world.meet();
  shareOut(world);
  if (launcher.name === 'mpirun (Open MPI)') {
    const warning = bindingWarning(await world.each(ownBinding()));
    if (warning && world.isFirst) console.warn(warning);
  }
  return world;
}

/** Drivers read these variables when they are loaded. What is set already stays. */
function shareOut({ localRank, localSize }: World): void {
  const { env } = process;
  env.LP_NUM_THREADS ??= String(Math.max(1, Math.floor(availableParallelism() / localSize))); // of lavapipe, a CPU in place of a GPU
  const cards = graphicsCards();
  if (cards.length > 1) env.DRI_PRIME ??= `pci-${cards[localRank % cards.length].replace(/[:.]/g, '_')}`;
}
