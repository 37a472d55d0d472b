import { wrap } from './render/style.ts';

const NARROWEST = 40;

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

  /** On a terminal in lines that fit it; else in one, for whoever searches them. */
  note(text: string): void {
    const { isTTY, columns } = process.stderr;
    const lines = isTTY === true && columns >= NARROWEST ? wrap(text, columns, 2) : [text];
    for (const line of lines) process.stderr.write(`${line}\n`);
  }

  get width(): number {
    const columns = process.stdout.columns ?? Number(process.env.COLUMNS ?? '');
    return Number.isInteger(columns) && columns >= NARROWEST ? columns : 100;
  }
}
