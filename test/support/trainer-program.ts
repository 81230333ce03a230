// The Dogs vs. Cats trainer as a program of its own, for the tests that stop it, kill it and take its disk away.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';

const program = fileURLToPath(new URL('../../examples/alexnet-dogcat.js', import.meta.url));

/** A run of a few seconds on drawn pictures. */
export const SMALL_RUN =
  '--stand-ins --preset quick --limit 96 --batch 8 --width 0.0625 --image 67 --stored 75 --epochs 4 --no-ten-crop'.split(
    ' ',
  );

const LIMIT_SECONDS = 120;

export interface Ended {
  code: number | null;
  /** What ended it, if it did not exit by itself. */
  signal: NodeJS.Signals | null;
  output: string;
}

export interface TrainerProgram {
  child: ChildProcess;
  ended: Promise<Ended>;
  /** Waits until it has printed this. Fails if it ends before. */
  said(pattern: RegExp): Promise<void>;
}

export function startTrainer(args: readonly string[]): TrainerProgram {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_SECONDS * 1000, // it must not outlive a test that failed
    killSignal: 'SIGKILL',
  });
  let output = '';
  let heard = () => {};
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (text) => {
      output += text;
      heard();
    });
  }
  let over = false;
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      over = true;
      heard();
      resolve({ code, signal, output });
    });
  });
  const said = async (pattern: RegExp) => {
    while (!pattern.test(output)) {
      assert.not(over, `it ended without saying ${pattern}:\n${output}`);
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
  };
  return { child, ended, said };
}
