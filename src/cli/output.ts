/**
 * stdout and stderr of a command. A reader that goes away (`| head`) ends the following quietly; nothing is written after it.
 *
 * Lines are written together at the end of the turn of the event loop in which they were printed, or when there are many: to write
 * each by itself took longer than to make it.
 */
const TOGETHER = 64 * 1024;

export class Output {
  #closed = false;
  #held = '';
  readonly closed: Promise<void>;

  constructor() {
    this.closed = new Promise(resolve => {
      process.stdout.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EPIPE') throw error;
        this.#closed = true;
        resolve();
      });
    });
    process.stderr.on('error', () => {}); // nobody to tell
  }

  /** The reader has gone. */
  get isClosed(): boolean {
    return this.#closed;
  }

  line(text: string): void {
    if (this.#closed) return;
    if (this.#held === '') queueMicrotask(() => this.#flush());
    this.#held += `${text}\n`;
    if (this.#held.length > TOGETHER) this.#flush();
  }

  note(text: string): void {
    this.#flush(); // on a terminal the two stand among each other
    process.stderr.write(`${text}\n`);
  }

  get width(): number {
    const columns = process.stdout.columns ?? Number(process.env.COLUMNS ?? '');
    return Number.isInteger(columns) && columns >= 40 ? columns : 100;
  }

  #flush(): void {
    const held = this.#held;
    this.#held = '';
    if (held !== '' && !this.#closed) process.stdout.write(held);
  }
}
