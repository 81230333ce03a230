// How long tests wait for what never comes: these limits end a hang, and decide nothing else. One variable sets them all.
const slow = process.env.WGRAD_TEST_READS === 'slow'; // reads.ts

/** A file is stopped and failed after this. */
export const FILE_SECONDS = Number(process.env.WGRAD_TEST_SECONDS ?? (slow ? 2400 : 480));

/** A program that a test starts is ended before its file is: the test fails, and shows what the program said. */
export const PROGRAM_SECONDS = 0.8 * FILE_SECONDS;

/** For a promise that only a fault leaves open. */
export const SETTLE_SECONDS = 0.25 * FILE_SECONDS;
