// What the worker is asked for, and what it says.

export interface Job {
  /** Words in cases' names, and a user's own file in their place. */
  words: string[];
  file?: string;
  /** Only what launchers choose, not the other variants. */
  choice?: boolean;
  /** How many kernels were done by a worker before. */
  done: number;
}

/** What stands between what the compiler prints, on lines of its own behind MARK. */
export type Message =
  | { all: number; driver: string }
  | {
      begins: string;
      shader: string;
      slots: Record<string, string | number>;
      uses: string[];
      product?: boolean;
      wgsl: string;
    }
  | { ended: true; error?: string }
  | { failed: string };

export const MARK = '@wgrad@ ';
