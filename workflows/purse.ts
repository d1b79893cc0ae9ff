import type { SweepDefinition } from '../schemas/definition';
import type { SpendRecord, SweepProgress } from '../contracts/results';
import type { PlannedStage, StageKey, StageResult } from '../contracts/stage';
import { annotationUsd, uniquePurchase, usdTolerance } from '../planning/money';
import { type Bought, boughtBefore, boughtOf, spentUsd } from '../planning/spend';
import type { Leftovers } from './failures';
import type { Grant } from './stages';

/** Whether a stage may spend more than its plan: a bill, a poor yield, a judge. */
function mayExceed({ spec, judgedOffDevice }: PlannedStage): boolean {
  if (spec.kind === 'evaluate') return judgedOffDevice === true;
  return spec.kind === 'synthesizeData' && ('pairs' in spec || 'annotatorDigest' in spec);
}

type Limits = Pick<SweepDefinition, 'prices' | 'spendLimit'>;

/** What runs, and how much of what no plan asks for it may spend besides. */
interface Begun {
  readonly stages: readonly PlannedStage[];
  readonly extraUsd: number;
}

/** What a sweep has spent on annotation, and what it may still begin. */
export class Purse {
  readonly #definition: Limits;
  /** What earlier pages spent. */
  readonly #before: SpendRecord;
  readonly #bought: Bought[] = [];
  /** What stages spent that failed. */
  #lostUsd = 0;
  readonly #begun = new Map<string, Begun>();
  /** What has ended without a word on what it spent: all that it could have spent counts. */
  readonly #unsettled: Begun[] = [];
  readonly #skipped: string[] = [];
  /** What will be asked for, less what has begun. */
  readonly #expected = new Map<string, readonly PlannedStage[]>();

  /** @param earlier stages that earlier pages finished: their rows are there, and what they cost stands in `before` */
  constructor(definition: Limits, before: SpendRecord | undefined, earlier: readonly PlannedStage[] = []) {
    this.#definition = definition;
    this.#before = before ?? { usd: 0, skipped: [] };
    this.#bought.push(...boughtBefore(earlier));
  }

  get record(): SpendRecord {
    const usd = this.#before.usd + this.#lostUsd + spentUsd(this.#definition.prices, this.#bought);
    const skipped = [...this.#before.skipped, ...this.#skipped];
    const unsettled = this.#unsettled.flatMap(({ stages }) => stages);
    const unsettledUsd = this.#plannedUsd(unsettled) + this.#sharesUsd(this.#unsettled) + this.#earlierUsd;
    return { usd, skipped, ...(unsettledUsd > 0 && { unsettledUsd }) };
  }

  /** What earlier pages left unsettled. */
  get #earlierUsd(): number {
    return this.#before.unsettledUsd ?? 0;
  }

  /** How much is spent by what has ended, and the limit. */
  get standing(): NonNullable<SweepProgress['spend']> {
    const { spendLimit } = this.#definition;
    return { usd: this.record.usd, ...(spendLimit === undefined ? {} : { limitUsd: spendLimit }) };
  }

  /** Tells what will be asked for next: what that plans to spend is nobody else's to take. */
  expect(those: readonly { readonly id: string; readonly stages: readonly PlannedStage[] }[]): void {
    this.#expected.clear();
    for (const { id, stages } of those) if (!this.#begun.has(id)) this.#expected.set(id, stages);
  }

  /**
   * Whether a cell or a control may begin: not where what is spent, what runs and what it plans could pass the limit. It
   * gets a share of what no plan asks for, as one of those that may run at once: endpoints and poor yields may be dearer
   * than plans, and judges are in none.
   */
  begin(id: string, stages: readonly PlannedStage[], atOnce = 1): boolean {
    this.#expected.delete(id);
    const running = [...this.#begun.values()].flatMap((begun) => begun.stages);
    if (this.#leftUsd([...running, ...stages]) < -usdTolerance) {
      this.#skipped.push(id);
      return false;
    }
    const expected = [...this.#expected.values()].flat();
    const freeUsd = stages.some(mayExceed) ? this.#leftUsd([...running, ...stages, ...expected]) : 0;
    const sharers = Math.max(1, Math.min(atOnce - this.#begun.size, 1 + this.#expected.size));
    this.#begun.set(id, { stages, extraUsd: Math.max(0, freeUsd) / sharers });
    return true;
  }

  /** What one that has begun may spend in all; undefined without a limit. */
  allowance(id: string): number | undefined {
    const { stages = [], extraUsd = 0 } = this.#begun.get(id) ?? {};
    return this.#definition.spendLimit === undefined ? undefined : this.#plannedUsd(stages) + extraUsd;
  }

  /** US dollars of the stages' rows that others have bought already: the allowance has nothing for them. */
  paidUsd(id: string): Readonly<Record<StageKey, number>> {
    const { stages = [] } = this.#begun.get(id) ?? {};
    const paid = stages.map((stage) => [stage.key, this.#usd([stage]) - this.#plannedUsd([stage])] as const);
    return Object.fromEntries(paid.filter(([, usd]) => usd > 0));
  }

  /** Both, as whoever runs the stages is given them. Empty without a limit. */
  grant(id: string): Grant {
    const allowanceUsd = this.allowance(id);
    return allowanceUsd === undefined ? {} : { allowanceUsd, paidUsd: this.paidUsd(id) };
  }

  end(id: string, results: readonly StageResult[]): void {
    this.#bought.push(...boughtOf(this.#begun.get(id)?.stages ?? [], results));
    this.#begun.delete(id);
  }

  /** What has failed counts by what it had bought, where that is known. */
  fail(id: string, left: Leftovers | undefined): void {
    if (left === undefined) {
      this.#unsettled.push(...[this.#begun.get(id) ?? []].flat());
      this.#begun.delete(id);
      return;
    }
    this.end(id, left.finished);
    this.#lostUsd += left.usd;
  }

  /** What is left of the limit once such stages have spent what they plan, and what runs its shares. 0 without a limit. */
  #leftUsd(stages: readonly PlannedStage[]): number {
    const { spendLimit } = this.#definition;
    if (spendLimit === undefined) return 0;
    const shares = this.#sharesUsd([...this.#begun.values(), ...this.#unsettled]);
    const unsettled = this.#unsettled.flatMap((begun) => begun.stages);
    const plannedUsd = this.#plannedUsd([...unsettled, ...stages]);
    return spendLimit - this.record.usd - this.#earlierUsd - shares - plannedUsd;
  }

  #sharesUsd(those: readonly Begun[]): number {
    return those.reduce((sum, { extraUsd }) => sum + extraUsd, 0);
  }

  /** US dollars that stages will spend by their plan, over what is bought already. */
  #plannedUsd(stages: readonly PlannedStage[]): number {
    const bought = this.#bought.map(({ stage }) => stage);
    return this.#usd([...bought, ...stages]) - this.#usd(bought);
  }

  #usd(stages: readonly PlannedStage[]): number {
    return annotationUsd(this.#definition.prices, uniquePurchase(stages));
  }
}
