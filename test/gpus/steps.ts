// Training steps on GPUs that are not there: every kernel compiles as it is launched, every bind group and buffer is checked, and
// what is read is rubbish.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type GpuName, underCompiler } from '../../bench/gpus/lab.js';

/** What step.ts prints of each network, a line of JSON behind MARK. */
export interface Step {
  network: string;
  /** The driver's name, and whether it is a CPU's: then nothing was shown. */
  adapter: string;
  software: boolean;
  error?: string;
}

export const MARK = '@step@ ';
export const NETWORKS = ['paper, batch 128', 'quick, batch 32'] as const;
const MINUTES = 5;

/** A step of each network under a GPU's compiler: what went wrong by the network's name, undefined where it came to its end. */
export async function steps(lab: string, gpu: GpuName): Promise<[network: string, error: string | undefined][]> {
  const { file, args, env } = underCompiler(lab, gpu, true);
  const program = fileURLToPath(new URL('step.js', import.meta.url));
  const child = spawn(file, [...args, program], { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: MINUTES * 60_000 });
  let [said, complained] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text));
  const ending = await new Promise<string>((settle, fail) => {
    child.on('error', fail);
    child.on('close', (code, signal) => settle(signal ?? `exit code ${code}`));
  });
  const told = said.split('\n').filter((line) => line.startsWith(MARK));
  const done = told.map((line): Step => JSON.parse(line.slice(MARK.length)));
  return NETWORKS.map((network) => {
    const one = done.find((step) => step.network === network);
    if (!one) return [network, `the process ended before it (${ending}): ${complained.trim().split('\n').at(-1)}`];
    return [network, one.software ? `${one.adapter} is no GPU` : one.error];
  });
}
