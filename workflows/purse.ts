import type { SweepDefinition } from '../contracts/definition';
import type { SpendRecord } from '../contracts/results';
import type { PlannedStage, StageResult } from '../contracts/stage';
import { annotationUsd, uniquePurchase } from '../planning/money';
import { type Bought, boughtOf, spentUsd } from '../planning/spend';
import type { Leftovers } from './failures';

/** Half a millionth of a dollar: sums of prices are not exact. */
const tolerance = 5e-7;

/** What a sweep has spent on annotation, and what it may still begin. */
export class Purse {
  readonly #definition: Pick<SweepDefinition, 'prices' | 'spendLimit'>;
  /** What earlier pages spent. Rows that nest across pages count twice: it stops early rather than late. */
  readonly #before: SpendRecord;
  readonly #bought: Bought[] = [];
  /** What stages spent that failed. */
  #lostUsd = 0;
  /** Stages of what runs, or of what has ended without a word on what it spent: then its plan counts. */
  readonly #begun = new Map<string, readonly PlannedStage[]>();
  readonly #notBegun: string[] = [];

  constructor(definition: Pick<SweepDefinition, 'prices' | 'spendLimit'>, before: SpendRecord | undefined) {
    this.#definition = definition;
    this.#before = before ?? { usd: 0, notBegun: [] };
  }

  get record(): SpendRecord {
    const usd = this.#before.usd + this.#lostUsd + spentUsd(this.#definition.prices, this.#bought);
    return { usd, notBegun: [...this.#before.notBegun, ...this.#notBegun] };
  }

  /** Whether a cell or a control may begin: not where what is spent, what runs and what it plans could pass the limit. */
  begin(id: string, stages: readonly PlannedStage[]): boolean {
    const { spendLimit = Infinity } = this.#definition;
    this.#begun.set(id, stages);
    if (this.record.usd + this.#planned() <= spendLimit + tolerance) return true;
    this.#begun.delete(id);
    this.#notBegun.push(id);
    return false;
  }

  /** What one that has begun may spend in all; undefined without a limit. */
  allowance(id: string): number | undefined {
    const { spendLimit } = this.#definition;
    return spendLimit === undefined ? undefined : spendLimit - this.record.usd - this.#planned(id);
  }

  end(id: string, results: readonly StageResult[]): void {
    this.#bought.push(...boughtOf(this.#begun.get(id) ?? [], results));
    this.#begun.delete(id);
  }

  /** What has failed counts by what it had bought, where that is known. */
  fail(id: string, left: Leftovers | undefined): void {
    if (left === undefined) return;
    this.end(id, left.finished);
    this.#lostUsd += left.usd;
  }

  /** US dollars that what runs will spend by its plan, over what is bought already. */
  #planned(without?: string): number {
    const bought = this.#bought.map(({ stage }) => stage);
    const begun = [...this.#begun].flatMap(([id, stages]) => (id === without ? [] : stages));
    const usd = (stages: readonly PlannedStage[]): number =>
      annotationUsd(this.#definition.prices, uniquePurchase(stages));
    return usd([...bought, ...begun]) - usd(bought);
  }
}
