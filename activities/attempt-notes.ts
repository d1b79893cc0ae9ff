import { appendLine } from '../audit';
import type { LedgerEntry } from '../schemas/ledger';
import type { Claim } from '../store';

/**
 * Lines that an attempt adds to its stage's chain while its trainer runs. Events come as they please and a chain has
 * one writer, so the lines queue; none is written once the claim has passed to another.
 */
export class AttemptNotes {
  #queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly path: string,
    private readonly claim: Claim,
  ) {}

  add(entry: LedgerEntry): void {
    const next = this.#queue.then(() => this.#write(entry));
    this.#queue = next;
    // Told by `drain`; until then it is nobody's unhandled rejection.
    next.catch(() => undefined);
  }

  async #write(entry: LedgerEntry): Promise<void> {
    if (this.claim.lost.aborted) return;
    await this.claim.check();
    await appendLine(this.path, entry);
  }

  /** Everything is written; throws what kept a line from being so, once. */
  async drain(): Promise<void> {
    const waiting = this.#queue;
    this.#queue = Promise.resolve();
    await waiting;
  }
}
