import {
  paidUsd,
  type PlannedRows,
  type PlannedStage,
  type StageKey,
  type StageResult,
} from '../contracts/stage';
import { BudgetlineError } from '../core/failures';
import { nameUsd } from '../core/money';
import { asMade, listPriceUsd, makesRows, rowsListUsd, type RowsStage, usdTolerance } from './money';
import { assertWithinBudget, type Budget, restUsd } from './row-budget';
import { UnreportedRows } from './unreported';

/** What a pipeline may spend on annotation. Empty without a limit. */
export interface Grant {
  /** The most that its stages may spend together, in US dollars. */
  readonly allowanceUsd?: number | undefined;
  /** By stage key: US dollars of its rows that are already bought. They are not taken from the allowance. */
  readonly paidUsd?: Readonly<Record<StageKey, number>> | undefined;
}

/** Stages that will be asked for; with `boundUsd`, further ones that depend on results. */
export interface Expected {
  readonly stages: readonly PlannedStage[];
  /** The most that the rows of the stages after these can cost, in US dollars; undefined: there are none. */
  readonly boundUsd?: number;
}

export interface PurchasesOptions extends Grant {
  /** Undefined: rows are not counted, e.g. those of a control. */
  readonly budget?: Budget;
  /** The pipeline's plan. Its money is kept from the stages that may exceed theirs. */
  readonly expected?: Expected;
}

const haveOneNest = (a: PlannedStage, b: PlannedStage): boolean =>
  makesRows(a) && makesRows(b) && a.nest === b.nest;

/** Stages that sample count all of their rows and labels at list price, bought or not. A bill is counted as it is. */
const countsAllRows = ({ rows }: PlannedStage): boolean =>
  rows !== null && (rows.labels === undefined ? rows.verifierCalls > 0 : !rows.labels.billed);

/** The first of a stage's rows or labels that an amount of US dollars buys. */
function startOf({ usd, count, upTo, labels }: PlannedRows, paidUsd: number): Partial<PlannedRows> {
  if (labels !== undefined) return { labels: { ...labels, count: paidUsd / labels.usd } };
  const bought = Math.round(paidUsd / usd);
  return { count: bought, upTo: upTo && upTo - count + bought };
}

/** A stage that may be spending. */
interface Running {
  readonly stage: PlannedStage;
  /** US dollars, if it may exceed its list price: its own when it was granted, and its share of the free money. */
  granted?: { readonly ownUsd: number; readonly shareUsd: number };
}

/**
 * Rows and money of one running pipeline, whose stages share them. Each stage is reserved before it runs, so that no
 * order of events spends more than the budget and the allowance. The planner reserves the stages that it traces.
 */
export class Purchases {
  readonly #options: PurchasesOptions;
  readonly #running = new Map<StageKey, Running>();
  /** Finished stages as planned, for the budget, and as made. */
  readonly #settled: { readonly stage: PlannedStage; readonly made: PlannedStage; readonly usd: number }[] =
    [];
  /** Failed stages that bought something, or may have. Their rows stay in the budget. */
  readonly #failed: PlannedStage[] = [];
  #lostUsd = 0;
  readonly #unreported = new UnreportedRows();

  constructor(options: PurchasesOptions) {
    this.#options = options;
  }

  /**
   * Reserves a stage's rows and their list price. A stage that is running or finished reserves nothing again.
   *
   * @throws BudgetlineError BUDGET_EXCEEDED or SPEND_LIMIT; then nothing is reserved
   */
  reserve(stage: PlannedStage): void {
    if (this.#isKnown(stage)) return;
    const { budget } = this.#options;
    if (budget !== undefined && makesRows(stage)) assertWithinBudget(budget, this.#counted, stage);
    this.#assertAffordable(stage);
    this.#running.set(stage.key, { stage });
  }

  /**
   * The most that a reserved stage may spend, in US dollars; undefined without an allowance. A stage that may exceed its
   * list price also gets an equal share of the free money, so call this when all stages that start together are reserved.
   */
  grant(stage: PlannedStage): number | undefined {
    if (this.#options.allowanceUsd === undefined) return undefined;
    const ownUsd = this.#holdings.get(stage.key) ?? 0;
    const running = this.#running.get(stage.key);
    if (running === undefined || !stage.mayExceed) return ownUsd;
    running.granted ??= { ownUsd, shareUsd: this.#shareUsd() };
    const usd = countsAllRows(stage) ? listPriceUsd([stage]) : running.granted.ownUsd;
    return usd + running.granted.shareUsd;
  }

  /** Replaces a stage's reservation by what it paid. */
  settle(
    stage: PlannedStage,
    { usd, rowsUsd, metrics }: Pick<StageResult, 'usd' | 'rowsUsd' | 'metrics'>,
  ): void {
    const { key } = stage;
    const made = asMade(stage, metrics);
    this.#running.delete(key);
    if (rowsUsd !== undefined && makesRows(made)) this.#settleRows(made, { usd, rowsUsd });
    this.#unreported.end(key);
    this.#settled.push({ stage, made, usd });
  }

  /** Of the list price of a stage's rows, others may have paid a part, and it may have paid for theirs. */
  #settleRows(stage: RowsStage, paid: Pick<StageResult, 'usd' | 'rowsUsd'>): void {
    const settled = this.#settled.map((one) => one.made);
    const listUsd = this.#costUsd([...settled, stage], rowsListUsd) - this.#costUsd(settled, rowsListUsd);
    const sharing = [...this.#running.values()].filter((one) => haveOneNest(one.stage, stage));
    const keys = sharing.map((one) => one.stage.key);
    this.#unreported.settle({ stage, ...paid, listUsd, payer: stage.key, sharing: keys });
  }

  /**
   * Counts what a failed stage spent, or all that it was granted if that is unknown.
   *
   * @param usd US dollars
   */
  fail(stage: PlannedStage, usd: number | undefined): void {
    const mostUsd = (this.#holdings.get(stage.key) ?? 0) + this.#unreported.usdOf(stage.key);
    this.#running.delete(stage.key);
    this.#unreported.end(stage.key);
    this.#lostUsd += usd ?? mostUsd;
    if (usd !== 0) this.#failed.push(stage);
  }

  /** US dollars that failed stages spent, and that unfinished ones may have spent. No result reports them. */
  get unreportedUsd(): number {
    return this.#lostUsd + this.#heldUsd;
  }

  /** The most that the rows of the rest of the budget can cost, in US dollars; undefined without a budget. */
  get boundUsd(): number | undefined {
    const { budget } = this.#options;
    return budget && restUsd(budget, [...this.#counted, ...this.#awaited]);
  }

  /** Running and finished stages, with what they cost. */
  get #known(): PlannedStage[] {
    const settled = this.#settled.map(({ made }) => made);
    return [...settled, ...[...this.#running.values()].map(({ stage }) => stage)];
  }

  /** Stages whose rows count against the budget, as planned. */
  get #counted(): PlannedStage[] {
    const known = [...this.#settled, ...this.#running.values()].map(({ stage }) => stage);
    return [...known, ...this.#failed];
  }

  /** Planned stages that were not asked for yet. */
  get #awaited(): PlannedStage[] {
    return (this.#options.expected?.stages ?? []).filter((stage) => !this.#isKnown(stage));
  }

  #isKnown({ key }: PlannedStage): boolean {
    return this.#running.has(key) || this.#settled.some(({ stage }) => stage.key === key);
  }

  /**
   * The part of a stage's rows or labels that others have bought, as a stage; all of it if they bought its samples too. It
   * is the start of the rows: rows behind others are asked for when those exist.
   */
  #boughtPart(stage: PlannedStage): PlannedStage[] {
    const { paidUsd = {} } = this.#options;
    const { [stage.key]: usd = 0 } = paidUsd;
    if (usd === 0 || !makesRows(stage)) return [];
    if (usd > listPriceUsd([stage]) - usdTolerance) return [stage];
    const unsampled = { ...stage.rows, verifierCalls: 0, unscored: 0 };
    return [{ ...stage, key: `${stage.key}/paid`, rows: { ...unsampled, ...startOf(stage.rows, usd) } }];
  }

  /** List price of the stages' rows, in US dollars, without those that others have bought. */
  #costUsd(stages: readonly PlannedStage[], priceOf = listPriceUsd): number {
    const bought = stages.flatMap((stage) => this.#boughtPart(stage));
    return priceOf([...bought, ...stages]) - priceOf(bought);
  }

  /** By key: the US dollars that each running stage may spend. Of nested rows, later stages pay for the difference. */
  get #holdings(): Map<StageKey, number> {
    const known = this.#settled.map(({ made }) => made);
    const holdings = new Map<StageKey, number>();
    for (const { stage, granted = { ownUsd: 0, shareUsd: 0 } } of this.#running.values()) {
      const usd = this.#costUsd([...known, stage]) - this.#costUsd(known);
      holdings.set(stage.key, Math.max(usd, granted.ownUsd) + granted.shareUsd);
      known.push(stage);
    }
    return holdings;
  }

  get #heldUsd(): number {
    return [...this.#holdings.values()].reduce((sum, usd) => sum + usd, this.#unreported.usd);
  }

  /** US dollars of the allowance that are neither spent nor reserved. */
  #leftUsd(allowanceUsd: number): number {
    return allowanceUsd - this.#lostUsd - paidUsd(this.#settled) - this.#heldUsd;
  }

  #assertAffordable(stage: PlannedStage): void {
    const { allowanceUsd } = this.#options;
    if (allowanceUsd === undefined || !makesRows(stage)) return;
    const usd = this.#costUsd([...this.#known, stage]) - this.#costUsd(this.#known);
    if (usd <= usdTolerance) return;
    const leftUsd = this.#leftUsd(allowanceUsd);
    if (usd <= leftUsd + usdTolerance) return;
    throw new BudgetlineError(
      'SPEND_LIMIT',
      `${stage.title}: costs ${nameUsd(usd)} at list price; the allowance of ${nameUsd(allowanceUsd)} has ${nameUsd(Math.max(0, leftUsd))} left, after what is spent and what running stages reserve.`,
      {
        remedy: 'Ask for fewer rows, or raise the allowance: allowanceUsd, or spendLimitUsd of a sweep.',
        details: { usd, leftUsd, allowanceUsd },
      },
    );
  }

  /** The share of a stage in the money that neither the plan nor a running stage needs. */
  #shareUsd(): number {
    const { allowanceUsd = 0, expected } = this.#options;
    const known = this.#known;
    const awaitedUsd = this.#costUsd([...known, ...this.#awaited]) - this.#costUsd(known);
    const boundUsd = expected?.boundUsd === undefined ? 0 : (this.boundUsd ?? 0);
    const freeUsd = this.#leftUsd(allowanceUsd) - awaitedUsd - boundUsd;
    const sharers = [...this.#running.values()].filter(
      ({ stage, granted }) => stage.mayExceed && granted === undefined,
    );
    return Math.max(0, freeUsd) / sharers.length;
  }
}
