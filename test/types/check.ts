// For files that only the compiler reads: what is wrong in them fails the build.

/** Whether two types are the same, `any` told from all others. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles if the value's type is exactly `Expected`. */
export function typed<Expected>(): <Actual>(value: Actual, same: Same<Actual, Expected>) => void {
  return () => {};
}
