import type { SweepDefinition } from '../schemas/definition';
import type { SpendRecord, SweepProgress } from '../contracts/results';
import { paidUsd, type PlannedStage, type StageKey, type StageResult } from '../contracts/stage';
import { asMade, listPriceUsd, makesRows, rowsListUsd, usdTolerance } from '../planning/money';
import { UnreportedRows } from '../planning/unreported';
import type { SpentBeforeFailure } from './failures';
import type { Expected, Grant } from '../planning/purchases';

type Limits = Pick<SweepDefinition, 'spendLimitUsd'>;

/** A cell or control that may spend. */
interface Admitted {
  readonly stages: readonly PlannedStage[];
  /** The bound of the stages that its plan does not know, and its share of the unplanned money. */
  readonly extraUsd: number;
}

/** What work spent besides the stages of its plan. */
interface Unplanned {
  /** Stages that ran and are not in the plan, because a result decided about them. */
  readonly unplanned?: readonly PlannedStage[];
  /** US dollars that failed stages spent. */
  readonly lostUsd?: number;
}

/** Tracks what a sweep spends on annotation, and whether more may start. */
export class SpendTracker {
  readonly #definition: Limits;
  /** Spend of earlier runs. */
  readonly #before: SpendRecord;
  /** Stages of ended work: their rows are bought. */
  readonly #bought: PlannedStage[] = [];
  /** US dollars that ended work of this run paid. */
  #paidUsd = 0;
  readonly #unreported = new UnreportedRows();
  readonly #admitted = new Map<string, Admitted>();
  /** The most that work could have spent which ended without reporting its spend, in US dollars. */
  #unsettledUsd: number;
  readonly #skipped: string[] = [];
  /** Work that is queued and has not started. */
  readonly #reserved = new Map<string, Expected>();

  /**
   * @param earlier stages that earlier runs finished, as made: their rows exist and are paid for in `before`. Those of stages that
   *   no plan lists are not passed on: another cell that needs the same rows reserves their price again, which is safe
   */
  constructor(definition: Limits, before: SpendRecord | undefined, earlier: readonly PlannedStage[] = []) {
    this.#definition = definition;
    this.#before = before ?? { usd: 0, skipped: [] };
    this.#unsettledUsd = before?.unsettledUsd ?? 0;
    this.#bought.push(...earlier);
  }

  get record(): SpendRecord {
    const usd = this.#before.usd + this.#paidUsd;
    const skipped = [...this.#before.skipped, ...this.#skipped];
    return { usd, skipped, unsettledUsd: this.#unsettledUsd > 0 ? this.#unsettledUsd : undefined };
  }

  /** Numbers of labels that ended work has, by nest; undefined if it has none. */
  get labelsByNest(): Readonly<Record<string, number>> | undefined {
    const found: Record<string, number> = {};
    for (const { nest, rows } of this.#bought)
      if (nest !== undefined && rows?.labels !== undefined)
        found[nest] = Math.max(found[nest] ?? 0, rows.labels.count);
    return Object.keys(found).length === 0 ? undefined : found;
  }

  /** The money spent so far, and the limit. */
  get progress(): NonNullable<SweepProgress['spend']> {
    const { spendLimitUsd } = this.#definition;
    return { usd: this.record.usd, limitUsd: spendLimitUsd };
  }

  /** Reserves the planned cost of queued work. */
  reserve(those: readonly (Expected & { readonly id: string })[]): void {
    this.#reserved.clear();
    for (const each of those) if (!this.#admitted.has(each.id)) this.#reserved.set(each.id, each);
  }

  /**
   * Decides whether a cell or a control may start: not if spent money, running work and its own plan could
   * exceed the limit. It also gets a share of the unplanned money, split among the work that may run at
   * once: endpoints and low yields can cost more than planned, and judges are not in the plan.
   *
   * @param boundUsd the most that rows of stages after the plan can cost; undefined: there are none
   */
  admit(id: string, stages: readonly PlannedStage[], concurrentSpenders = 1, boundUsd?: number): boolean {
    this.#reserved.delete(id);
    const running = [...this.#admitted.values()].flatMap((admitted) => admitted.stages);
    const ownUsd = boundUsd ?? 0;
    if (this.#leftUsd([...running, ...stages], ownUsd) < -usdTolerance) {
      this.#skipped.push(id);
      return false;
    }
    const mayExceed = boundUsd !== undefined || stages.some((stage) => stage.mayExceed);
    const freeUsd = mayExceed ? this.#freeUsd([...running, ...stages]) - ownUsd : 0;
    const sharers = Math.max(1, Math.min(concurrentSpenders - this.#admitted.size, 1 + this.#reserved.size));
    this.#admitted.set(id, { stages, extraUsd: ownUsd + Math.max(0, freeUsd) / sharers });
    return true;
  }

  /** The most that admitted work may spend in total; undefined without a limit. */
  allowance(id: string): number | undefined {
    const { stages = [], extraUsd = 0 } = this.#admitted.get(id) ?? {};
    return this.#definition.spendLimitUsd === undefined ? undefined : this.#plannedUsd(stages) + extraUsd;
  }

  /** US dollars of the stages' rows that others have already bought. The allowance does not cover them. */
  paidUsd(id: string): Readonly<Record<StageKey, number>> {
    const { stages = [] } = this.#admitted.get(id) ?? {};
    const paid = stages.map((stage) => [stage.key, this.#usd([stage]) - this.#plannedUsd([stage])] as const);
    return Object.fromEntries(paid.filter(([, usd]) => usd > 0));
  }

  /** Both, for the workflow that runs the stages. Empty without a limit. */
  grant(id: string): Grant {
    const allowanceUsd = this.allowance(id);
    return allowanceUsd === undefined ? {} : { allowanceUsd, paidUsd: this.paidUsd(id) };
  }

  /** Accounts for work that has ended, by what its stages paid. */
  settle(id: string, results: readonly StageResult[], { unplanned = [], lostUsd = 0 }: Unplanned = {}): void {
    const { stages = [] } = this.#admitted.get(id) ?? {};
    const plans = new Map([...stages, ...unplanned].map((stage) => [stage.key, stage]));
    this.#admitted.delete(id);
    for (const result of results) this.#take(id, result, plans.get(result.key));
    this.#paidUsd += paidUsd(results) + lostUsd;
    this.#unreported.end(id);
  }

  /** Counts a stage's rows as bought: by this work, or by work that shares them and may be running. */
  #take(id: string, { usd, rowsUsd, metrics }: StageResult, planned: PlannedStage | undefined): void {
    if (planned === undefined) return;
    const stage = asMade(planned, metrics);
    if (makesRows(stage)) {
      const listUsd = rowsListUsd([...this.#bought, stage]) - rowsListUsd(this.#bought);
      const sharing = [...this.#admitted].filter(([, { stages }]) =>
        stages.some((other) => makesRows(other) && other.nest === stage.nest),
      );
      const ids = sharing.map(([other]) => other);
      this.#unreported.settle({ stage, usd, rowsUsd, listUsd, payer: id, sharing: ids });
    }
    this.#bought.push(stage);
  }

  /** Accounts for failed work: by what it bought, or by its plan if that is unknown. */
  writeOff(id: string, spent: SpentBeforeFailure | undefined): void {
    if (spent === undefined) {
      const { stages = [], extraUsd = 0 } = this.#admitted.get(id) ?? {};
      // Fixed now: rows that another cell finds in the store later were paid for here.
      this.#unsettledUsd += this.#plannedUsd(stages) + extraUsd + this.#unreported.usdOf(id);
      this.#admitted.delete(id);
      this.#unreported.end(id);
      return;
    }
    const { finished, unplanned, usd: lostUsd } = spent;
    this.settle(id, finished, { unplanned, lostUsd });
  }

  /**
   * What is left of the limit after the planned cost of `stages`, `boundUsd` and the shares of running
   * work. 0 without a limit.
   */
  #leftUsd(stages: readonly PlannedStage[], boundUsd = 0): number {
    const { spendLimitUsd } = this.#definition;
    if (spendLimitUsd === undefined) return 0;
    const shares = this.#sharesUsd([...this.#admitted.values()]);
    return (
      spendLimitUsd -
      this.record.usd -
      this.#unsettledUsd -
      this.#unreported.usd -
      shares -
      this.#plannedUsd(stages) -
      boundUsd
    );
  }

  /** What is left after the queued work, too. */
  #freeUsd(stages: readonly PlannedStage[]): number {
    const reserved = [...this.#reserved.values()];
    const boundsUsd = reserved.reduce((sum, { boundUsd = 0 }) => sum + boundUsd, 0);
    return this.#leftUsd([...stages, ...reserved.flatMap((each) => each.stages)]) - boundsUsd;
  }

  #sharesUsd(those: readonly Admitted[]): number {
    return those.reduce((sum, { extraUsd }) => sum + extraUsd, 0);
  }

  /** Planned cost of the stages in US dollars, without what is already bought: a finished stage counts as made. */
  #plannedUsd(stages: readonly PlannedStage[]): number {
    return this.#usd([...stages, ...this.#bought]) - this.#usd(this.#bought);
  }

  #usd(stages: readonly PlannedStage[]): number {
    return listPriceUsd(stages);
  }
}
