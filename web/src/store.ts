// The browser's private files of this page (OPFS), held by one tab at a time.

const FOLDER = 'kept';
/** A page that is loaded anew waits for its predecessor to let go. */
const WAIT_MS = 2000;

/** Files that outlive the tab. */
export class Store {
  private constructor(private readonly folder: FileSystemDirectoryHandle) {}

  /** Opens it, for this worker alone until it ends; or says why that is not possible. */
  static async open(): Promise<Store | string> {
    try {
      const root = await navigator.storage.getDirectory();
      if (!(await lock())) return 'Another tab has this page open and keeps its run; what is trained here is not kept.';
      return new Store(await root.getDirectoryHandle(FOLDER, { create: true }));
    } catch {
      return 'This window keeps no files (is it a private one?): what is trained here is gone when it is closed. “Save the network” makes a file.';
    }
  }

  /** A file's bytes, or null if there is none. */
  async read(name: string): Promise<Uint8Array | null> {
    try {
      const file = await (await this.folder.getFileHandle(name)).getFile();
      return file.size > 0 ? new Uint8Array(await file.arrayBuffer()) : null; // empty: its first writing was cut off
    } catch (error) {
      if ((error as Error).name === 'NotFoundError') return null;
      throw error;
    }
  }

  /** Writes a file in parts. It has its old bytes until all of the new ones are there. @throws QuotaExceededError if there is no room. */
  async write(name: string, parts: readonly Uint8Array[]): Promise<void> {
    const file = await this.folder.getFileHandle(name, { create: true });
    const beside = await file.createWritable(); // takes the file's place when it is closed
    try {
      for (const part of parts) await beside.write(part as Uint8Array<ArrayBuffer>);
      await beside.close();
    } catch (error) {
      await beside.abort().catch(() => {}); // it may be closed already
      throw error;
    }
  }

  /** Removes all files but these, also what cut-off writing has left. */
  async removeAllBut(...names: (string | null)[]): Promise<void> {
    for await (const name of this.folder.keys()) if (!names.includes(name)) await this.folder.removeEntry(name);
  }
}

/** Whether no other tab holds it; held until this worker ends. */
function lock(): Promise<boolean> {
  return new Promise((settle) => {
    const held = () => {
      settle(true);
      return new Promise<never>(() => {});
    };
    navigator.locks.request(FOLDER, { signal: AbortSignal.timeout(WAIT_MS) }, held).catch(() => settle(false));
  });
}
