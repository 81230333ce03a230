// What test/support/golden-files.ts is in Node: here the files are fetched before the tests that read them start.
const files = new Map<string, Uint8Array>();

/** Fetches every file that the server lists. */
export async function fetchGolden(): Promise<void> {
  const names: string[] = await (await fetch('/golden/list.json')).json();
  await Promise.all(
    names.map(async (name) => {
      files.set(name, new Uint8Array(await (await fetch(`/golden/${name}`)).arrayBuffer()));
    }),
  );
}

export function goldenFiles(): string[] {
  return [...files.keys()].sort();
}

export function readGolden(file: string): Uint8Array {
  return files.get(file)!;
}
