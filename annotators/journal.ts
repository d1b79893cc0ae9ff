import { appendFile, mkdir, readdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** One paid answer, or one that was paid for and could not be used. */
const entry = z.strictObject({
  /** SHA-256 of what was asked: model, settings, messages. */
  request: z.string(),
  /** null where the answer could not be used. */
  answer: z.string().nullable(),
  inputTokens: z.int().nonnegative(),
  outputTokens: z.int().nonnegative(),
  usd: z.number().nonnegative(),
});
export type JournalEntry = z.infer<typeof entry>;

function parseEntry(line: string): JournalEntry | undefined {
  try {
    return entry.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** The whole lines of a journal; what a killed process left of a last one is cut off. */
async function readWhole(path: string): Promise<JournalEntry[]> {
  const bytes = await readFile(path);
  const end = bytes.lastIndexOf(10) + 1;
  if (end < bytes.length) await truncate(path, end);
  const lines = bytes.toString('utf8', 0, end).split('\n');
  return lines.map(parseEntry).filter((each) => each !== undefined);
}

/**
 * What was paid for, a line an answer, written before the answer is used: whoever goes on after a crash pays for no row
 * twice, and a larger budget finds the answers of a smaller one. One process writes at a time.
 */
export class Journal {
  readonly #answers = new Map<string, string>();
  #usd = 0;

  private constructor(private readonly path: string) {}

  static async open(folder: string): Promise<Journal> {
    await mkdir(folder, { recursive: true });
    const journal = new Journal(join(folder, 'journal.jsonl'));
    const exists = (await readdir(folder)).includes('journal.jsonl');
    for (const each of exists ? await readWhole(journal.path) : []) journal.#take(each);
    return journal;
  }

  /** US dollars of everything in it. */
  get usd(): number {
    return this.#usd;
  }

  answerTo(request: string): string | undefined {
    return this.#answers.get(request);
  }

  async add(added: JournalEntry): Promise<void> {
    await appendFile(this.path, `${JSON.stringify(added)}\n`, { flush: true });
    this.#take(added);
  }

  #take({ request, answer, usd }: JournalEntry): void {
    this.#usd += usd;
    if (answer !== null) this.#answers.set(request, answer);
  }
}
