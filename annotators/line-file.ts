import { appendFile, readFile, truncate } from 'node:fs/promises';
import type { z } from 'zod';
import { parseRows, toJsonLines } from '../schemas/json-lines';
import { isMissing } from '../host/fs-errors';

/** The complete lines of a file; removes an incomplete last line of a killed process. */
async function readCompleteLines(path: string): Promise<string> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if (isMissing(error)) return Buffer.alloc(0);
    throw error;
  });
  const end = bytes.lastIndexOf(10) + 1;
  if (end < bytes.length) await truncate(path, end);
  return bytes.toString('utf8', 0, end);
}

const remedy = 'Restore the file, or remove the line; its answer is then paid for again.';

/**
 * An append-only file of records, one a line, written by one process. `add` resolves when the record is flushed; records
 * that arrive during a write go into the next one together.
 */
export class LineFile<T> {
  #waiting: T[] = [];
  #written: Promise<void> = Promise.resolve();

  private constructor(
    private readonly path: string,
    /** Records in the file when it was opened. */
    readonly before: readonly T[],
  ) {}

  static async open<T>(path: string, schema: z.ZodType<T>): Promise<LineFile<T>> {
    const text = await readCompleteLines(path);
    return new LineFile(path, parseRows({ path, text, code: 'DATA_INVALID', remedy }, schema));
  }

  /** After a failed write all later ones fail: a partial line would corrupt the next. */
  add(record: T): Promise<void> {
    this.#waiting.push(record);
    if (this.#waiting.length === 1) this.#written = this.#written.then(() => this.#flush());
    return this.#written;
  }

  async #flush(): Promise<void> {
    const records = this.#waiting;
    this.#waiting = [];
    await appendFile(this.path, toJsonLines(records), { flush: true });
  }
}
