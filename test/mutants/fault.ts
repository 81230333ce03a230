// What a planted fault is. The tables beside this file hold them, by area; table.ts is all of them.

/** A small change that some test must notice. */
export interface Fault {
  /** The file it is planted in, from the root. */
  file: string;
  /** Stands exactly once in the file, so that an entry that no longer fits fails `npm test`. */
  find: string;
  /** What is put there instead. */
  replace: string;
  /** The test files that are run, below test/ and without `.test.ts`, the quickest first. One of them must fail. */
  tests: readonly string[];
  /** What is wrong with it, in a few words: its name, in messages and in docs/testing.md. */
  fault: string;
}

/** Faults of files that the same tests look at. */
export function planted(tests: string | readonly string[], rows: readonly Row[]): Fault[] {
  return rows.map(([file, fault, find, replace, own]) => ({
    ...{ file, fault, find, replace },
    tests: [own ?? tests].flat(),
  }));
}

/** file, fault, find, replace, and tests where they are not the group's. */
export type Row = readonly [string, string, string, string, (string | readonly string[])?];
