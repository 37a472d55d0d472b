/** stdout and stderr of a command. A reader that goes away (`| head`) ends the following quietly; nothing is written after it. */
export class Output {
  #closed = false;
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
    if (!this.#closed) process.stdout.write(`${text}\n`);
  }

  note(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  get width(): number {
    const columns = process.stdout.columns ?? Number(process.env.COLUMNS ?? '');
    return Number.isInteger(columns) && columns >= 40 ? columns : 100;
  }
}
