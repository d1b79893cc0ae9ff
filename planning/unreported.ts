import type { StageResult } from '../contracts/stage';
import type { RowsStage } from './money';

/** Rows of finished work that running work may have paid for, which has not reported it. */
interface Unreported {
  readonly nest: string;
  usd: number;
  /** Ids of the running work. */
  readonly payers: Set<string>;
}

/** A stage of ended work. */
export interface EndedRows extends Pick<StageResult, 'usd' | 'rowsUsd'> {
  readonly stage: RowsStage;
  /** List price of those of its rows and labels that no ended work has used before. */
  readonly listUsd: number;
  /** Id of the work. */
  readonly payer: string;
  /** Ids of running work that shares its rows. */
  readonly sharing: readonly string[];
}

/**
 * The most that a stage may have paid for the rows of others. Rows are bought all at once, so its own come first. Labels are
 * bought one after another, the first of the nest first.
 */
function paidForOthers({ stage, listUsd, rowsUsd = 0 }: EndedRows): number {
  return stage.rows.labels === undefined ? Math.max(0, rowsUsd - listUsd) : rowsUsd;
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

  /** Takes off what ended work paid for the rows of others, and counts those of its own that running work may have paid. */
  settle(ended: EndedRows): void {
    const { stage, usd, rowsUsd = usd, listUsd, sharing } = ended;
    const ownUsd = rowsUsd - this.#takeOff(ended);
    if (listUsd > ownUsd && sharing.length > 0)
      this.#all.push({ nest: stage.nest, usd: listUsd - ownUsd, payers: new Set(sharing) });
  }

  /** Ended work pays nothing more. What nobody can have paid was paid before this run. */
  end(payer: string): void {
    for (const { payers } of this.#all) payers.delete(payer);
    this.#all = this.#all.filter(({ payers }) => payers.size > 0);
  }

  /** Returns what it paid for others, in US dollars. */
  #takeOff(ended: EndedRows): number {
    const { stage, payer } = ended;
    const mostUsd = paidForOthers(ended);
    let left = mostUsd;
    for (const one of this.#all.filter(({ nest, payers }) => nest === stage.nest && payers.has(payer))) {
      const part = Math.min(one.usd, left);
      one.usd -= part;
      left -= part;
    }
    return mostUsd - left;
  }

  #sum(those: readonly Unreported[]): number {
    return those.reduce((sum, { usd }) => sum + usd, 0);
  }
}
