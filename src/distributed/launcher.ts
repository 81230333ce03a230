// What started this process: an MPI launcher leaves its marks in the environment.

/** What a launcher says of this process before MPI is loaded. */
export interface Launcher {
  /** As it is typed. */
  name: 'mpirun (Open MPI)' | 'mpirun (MPICH)' | 'srun';
  /** How many processes it started, where it says so. */
  size: number;
}

/** Null where no launcher started this process. */
export function launcherOf(env: NodeJS.ProcessEnv): Launcher | null {
  const count = (name: string) => Number(env[name] ?? 0);
  if (env.OMPI_COMM_WORLD_SIZE) return { name: 'mpirun (Open MPI)', size: count('OMPI_COMM_WORLD_SIZE') };
  if (env.SLURM_PROCID && env.SLURM_STEP_ID && count('SLURM_NTASKS') > 0) {
    const size = count('SLURM_STEP_NUM_TASKS') || count('SLURM_NTASKS');
    return size > 1 ? { name: 'srun', size } : null; // one task may be a shell: srun --pty bash
  }
  if (env.PMI_SIZE) return { name: 'mpirun (MPICH)', size: count('PMI_SIZE') };
  if (env.PMIX_RANK) return { name: 'mpirun (Open MPI)', size: 0 };
  return null;
}

/** How often the program was started before, and died: by `wgrad launch`, or by Slurm in a job that it put back into its queue. */
export const startsBefore = (env: NodeJS.ProcessEnv): number =>
  Number(env.WGRAD_RESTART ?? env.SLURM_RESTART_COUNT ?? 0) || 0;

const OPEN_MPI = ['libmpi.so.40', 'libmpi.so.80', 'libmpi.40.dylib'];
const MPICH = ['libmpich.so.12', 'libmpi.so.12', 'libmpi_cray.so.12', 'libmpi.12.dylib'];
const STANDARD = ['libmpi_abi.so.0', 'libmpi_abi.so.1', 'libmpi_abi.so', 'libmpi_abi.0.dylib'];

/** Libraries that a launcher's processes are to use, the likeliest first; WGRAD_MPI names another. */
export function librariesFor({ name }: Launcher, env: NodeJS.ProcessEnv): readonly string[] {
  if (env.WGRAD_MPI) return [env.WGRAD_MPI];
  if (name === 'mpirun (MPICH)') return [...MPICH, ...STANDARD];
  if (name === 'mpirun (Open MPI)') return [...OPEN_MPI, ...STANDARD];
  return env.PMIX_RANK ? [...OPEN_MPI, ...MPICH, ...STANDARD] : [...MPICH, ...STANDARD, ...OPEN_MPI];
}
