// The terminal: lines that stay, and one progress line that is rewritten in place. Where the output is a file or a
// pipe, the progress line is printed now and then instead.
const PIPE_SECONDS = 15;
const SCREEN_SECONDS = 0.1;

export class Terminal {
  private prefix = '';
  private last = 0;
  private shown = false;
  private muted = false;
  private readonly screen = process.stdout.isTTY === true;

  constructor() {
    process.stdout.on('error', () => {}); // the terminal was closed, or nobody reads the pipe: training goes on
  }

  get columns(): number {
    return (this.screen ? process.stdout.columns || 100 : 120) - this.prefix.length;
  }

  /** From here on nothing is shown: another process of the same training does. */
  mute(): void {
    this.muted = true;
  }

  /** From here on every line says that the pictures are drawn. */
  markStandIns(): void {
    this.prefix = '[drawn stand-ins] ';
  }

  say(text: string): void {
    if (this.muted) return;
    this.clear();
    for (const line of text.split('\n')) process.stdout.write(`${this.prefix}${line}\n`);
  }

  /** Shows where things stand, unless the last time was a moment ago. */
  progress(line: string): void {
    const now = performance.now() / 1000;
    if (this.muted) return;
    if (now - this.last < (this.screen ? SCREEN_SECONDS : PIPE_SECONDS)) return;
    this.last = now;
    if (!this.screen) {
      process.stdout.write(`${this.prefix}${line}\n`);
      return;
    }
    process.stdout.write(`\r\x1b[2K${this.prefix}${line}`);
    this.shown = true;
  }

  clear(): void {
    if (this.shown) process.stdout.write('\r\x1b[2K');
    this.shown = false;
  }
}
