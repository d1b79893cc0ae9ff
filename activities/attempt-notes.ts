import type { LedgerEntry } from '../schemas/ledger';
import type { Chain, Claim } from '../store';

/**
 * Ledger lines that an attempt adds while its trainer runs. Events arrive at any time and a chain has one
 * writer, so lines are queued. None is written once the claim has passed to another worker.
 */
export class AttemptNotes {
  #queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly chain: Chain,
    private readonly claim: Claim,
  ) {}

  add(entry: LedgerEntry): void {
    const next = this.#queue.then(() => this.#write(entry));
    this.#queue = next;
    // `drain` throws it; until then it must not count as an unhandled rejection.
    next.catch(() => undefined);
  }

  async #write(entry: LedgerEntry): Promise<void> {
    if (this.claim.lost.aborted) return;
    await this.chain.append(entry, this.claim);
  }

  /** Waits until every line is written. Throws the first write error, once. */
  async drain(): Promise<void> {
    const waiting = this.#queue;
    this.#queue = Promise.resolve();
    await waiting;
  }
}
