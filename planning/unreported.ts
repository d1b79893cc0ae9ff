/** Rows of finished work that running work may have paid for, which has not reported it. */
interface Unreported {
  usd: number;
  /** Ids of the running work. */
  readonly payers: Set<string>;
}

/**
 * Money for rows that finished work used and did not pay for. Stages share rows, and the one that made them first paid for
 * them: it may still be running.
 */
export class UnreportedRows {
  #all: Unreported[] = [];

  /** US dollars. */
  get usd(): number {
    return this.#sum(this.#all);
  }

  /** The part that running work may have paid, in US dollars. */
  usdOf(payer: string): number {
    return this.#sum(this.#all.filter(({ payers }) => payers.has(payer)));
  }

  /** Counts rows that finished work did not pay for, if running work shares them. */
  add(usd: number, payers: readonly string[]): void {
    if (usd > 0 && payers.length > 0) this.#all.push({ usd, payers: new Set(payers) });
  }

  /** Takes off what ended work has paid for the rows of others. */
  report(usd: number, payer: string): void {
    let left = usd;
    for (const one of this.#all.filter(({ payers }) => payers.has(payer))) {
      const part = Math.min(one.usd, Math.max(0, left));
      one.usd -= part;
      left -= part;
    }
  }

  /** Ended work pays nothing more. What nobody can have paid was paid before this run. */
  end(payer: string): void {
    for (const { payers } of this.#all) payers.delete(payer);
    this.#all = this.#all.filter(({ payers }) => payers.size > 0);
  }

  #sum(those: readonly Unreported[]): number {
    return those.reduce((sum, { usd }) => sum + usd, 0);
  }
}
