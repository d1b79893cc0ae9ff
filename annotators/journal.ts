import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { AnnotationCost, AnnotationSession } from '../contracts/task';
import { LineFile } from './line-file';

/** One paid answer, usable or not. */
const entry = z.strictObject({
  /** SHA-256 of the request: model, settings, messages. */
  request: z.string(),
  /** null for an unusable answer. */
  answer: z.string().nullable(),
  /** Set where the model refuses to answer. */
  refused: z.literal(true).optional(),
  inputTokens: z.int().nonnegative(),
  outputTokens: z.int().nonnegative(),
  usd: z.number().nonnegative(),
  /** Key of the stage that it was paid for. */
  stage: z.string().optional(),
  /** Id of the call in calls.jsonl. */
  call: z.string().optional(),
});
export type JournalEntry = z.infer<typeof entry>;

type Bill = Required<AnnotationCost>;
const nothing: Bill = { calls: 0, inputTokens: 0, outputTokens: 0, usd: 0 };

/**
 * Paid answers, one a line, flushed before the answer is used. So no row is paid twice after a crash, and a larger budget
 * reuses the answers of a smaller one. One process writes at a time.
 */
export class Journal {
  readonly #answers = new Map<string, string>();
  readonly #refused = new Set<string>();
  readonly #unusable = new Map<string, number>();
  readonly #bills = new Map<string, Bill>();
  readonly #calls = new Set<string>();
  #usd = 0;

  private constructor(private readonly file: LineFile<JournalEntry>) {
    for (const each of file.before) this.#take(each);
  }

  static async open(folder: string): Promise<Journal> {
    await mkdir(folder, { recursive: true });
    return new Journal(await LineFile.open(join(folder, 'journal.jsonl'), entry));
  }

  /** US dollars of all entries. */
  get usd(): number {
    return this.#usd;
  }

  answerTo(request: string): string | undefined {
    return this.#answers.get(request);
  }

  /** Whether the model refused a request. */
  isRefused(request: string): boolean {
    return this.#refused.has(request);
  }

  /** Number of unusable answers to a request. */
  unusableTo(request: string): number {
    return this.#unusable.get(request) ?? 0;
  }

  /** Whether a call has an entry. */
  answers(call: string): boolean {
    return this.#calls.has(call);
  }

  /** Resolves when the entry is on disk. */
  async add(added: JournalEntry): Promise<void> {
    await this.file.add(added);
    this.#take(added);
  }

  /** A stage's costs that its ledger lacks: calls of killed attempts. */
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
    const { request, answer, usd, call } = entry;
    this.#usd += usd;
    this.#bill(entry);
    if (call !== undefined) this.#calls.add(call);
    if (entry.refused === true) this.#refused.add(request);
    if (answer === null) this.#unusable.set(request, this.unusableTo(request) + 1);
    else this.#answers.set(request, answer);
  }
}
