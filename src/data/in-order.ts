/** What `make(from)` to `make(to - 1)` give, in their order; up to `most` of them are under way at a time. */
export async function* inOrder<Made>(
  from: number,
  to: number,
  most: number,
  make: (i: number) => Promise<Made>,
): AsyncGenerator<Made> {
  const ahead: Promise<Made>[] = [];
  let next = from;
  const start = () => {
    const made = make(next++);
    made.catch(() => {}); // awaited in turn below
    ahead.push(made);
  };
  while (next < to && ahead.length < most) start();
  while (ahead.length > 0) {
    const made = await ahead.shift()!;
    if (next < to) start();
    yield made;
  }
}
