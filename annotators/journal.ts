import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { AnnotationCost, AnnotationSession } from '../contracts/task';
import { LineFile } from './line-file';

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
  /** The call that it answers, by its name among the open calls. */
  call: z.string().optional(),
});
export type JournalEntry = z.infer<typeof entry>;

type Bill = Required<AnnotationCost>;
const nothing: Bill = { calls: 0, inputTokens: 0, outputTokens: 0, usd: 0 };

/**
 * What was paid for, a line an answer, flushed before the answer is used: whoever goes on after a crash pays for no row
 * twice, and a larger budget finds the answers of a smaller one. One process writes at a time.
 */
export class Journal {
  readonly #answers = new Map<string, string>();
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

  /** US dollars of everything in it. */
  get usd(): number {
    return this.#usd;
  }

  answerTo(request: string): string | undefined {
    return this.#answers.get(request);
  }

  /** Answers to a request that were paid for and could not be used. */
  unusableTo(request: string): number {
    return this.#unusable.get(request) ?? 0;
  }

  /** Whether a call has its answer here. */
  answers(call: string): boolean {
    return this.#calls.has(call);
  }

  /** Resolves when it is on the disk. */
  async add(added: JournalEntry): Promise<void> {
    await this.file.add(added);
    this.#take(added);
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
    const { request, answer, usd, call } = entry;
    this.#usd += usd;
    this.#bill(entry);
    if (call !== undefined) this.#calls.add(call);
    if (answer === null) this.#unusable.set(request, this.unusableTo(request) + 1);
    else this.#answers.set(request, answer);
  }
}
