import { appendFile, mkdir, readdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { AnnotationCost, AnnotationSession } from '../contracts/task';

/** One paid answer, or one that was paid for and could not be used. */
const entry = z.strictObject({
  /** SHA-256 of what was asked: model, settings, messages. */
  request: z.string(),
  /** null where the answer could not be used. */
  answer: z.string().nullable(),
  inputTokens: z.int().nonnegative(),
  outputTokens: z.int().nonnegative(),
  usd: z.number().nonnegative(),
  /** The stage that it was paid for. */
  stage: z.string().optional(),
});
export type JournalEntry = z.infer<typeof entry>;

type Bill = Required<AnnotationCost>;
const nothing: Bill = { calls: 0, inputTokens: 0, outputTokens: 0, usd: 0 };

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
 * What was paid for, a line an answer, flushed before the answer is used: whoever goes on after a crash pays for no row
 * twice, and a larger budget finds the answers of a smaller one. Answers that come while the disk is busy go to it
 * together. One process writes at a time.
 */
export class Journal {
  readonly #answers = new Map<string, string>();
  readonly #bills = new Map<string, Bill>();
  #usd = 0;
  #waiting: JournalEntry[] = [];
  #written: Promise<void> = Promise.resolve();

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

  /**
   * Resolves when it is on the disk. Where a write failed all later ones do: what it left of a line would spoil the next.
   */
  add(added: JournalEntry): Promise<void> {
    this.#waiting.push(added);
    if (this.#waiting.length === 1) this.#written = this.#written.then(() => this.#flush());
    return this.#written;
  }

  async #flush(): Promise<void> {
    const entries = this.#waiting;
    this.#waiting = [];
    const lines = entries.map((each) => `${JSON.stringify(each)}\n`).join('');
    await appendFile(this.path, lines, { flush: true });
    for (const each of entries) this.#take(each);
  }

  /** What was paid for a stage beyond what its ledger tells of: the calls of attempts that were killed. */
  unbilled({ stage, billed }: Pick<AnnotationSession, 'stage' | 'billed'>): Bill {
    const paid = this.#bills.get(stage) ?? nothing;
    if (paid.calls <= billed.calls) return nothing;
    return {
      calls: paid.calls - billed.calls,
      inputTokens: paid.inputTokens - billed.inputTokens,
      outputTokens: paid.outputTokens - billed.outputTokens,
      usd: paid.usd - billed.usd,
    };
  }

  #bill({ stage = '', inputTokens, outputTokens, usd }: JournalEntry): void {
    const bill = this.#bills.get(stage) ?? nothing;
    this.#bills.set(stage, {
      calls: bill.calls + 1,
      inputTokens: bill.inputTokens + inputTokens,
      outputTokens: bill.outputTokens + outputTokens,
      usd: bill.usd + usd,
    });
  }

  #take(entry: JournalEntry): void {
    const { request, answer, usd } = entry;
    this.#usd += usd;
    this.#bill(entry);
    if (answer !== null) this.#answers.set(request, answer);
  }
}
