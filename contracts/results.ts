import type { ControlKind } from '../schemas/controls';
import type { GatheredLabels } from './labels';
import type { PlannedStage, StageCost, StageKey, StageResult } from './stage';
import type { AnchoredHead } from './activities';
import type { PauseMode } from '../schemas/steering';

/** A cell of the grid: one trial, i.e. one budget, one SFT fraction and one seed. */
export interface CellIdentity {
  readonly id: string;
  readonly task: string;
  readonly model: string;
  readonly annotator: string;
  /** Its values on the sweep's axes, by axis; left out if the sweep has none. */
  readonly axes?: Readonly<Record<string, string>>;
  /** Rows. In a sweep with budgets in money: US dollars; then the last three fields are present. */
  readonly budget: number;
  /** Fraction of the rows that are demonstrations. */
  readonly sftFraction: number;
  readonly seed: number;
  readonly sftRows: number;
  readonly pairRows: number;
  readonly budgetUnit?: 'usd';
  /** Fraction of the money that buys demonstrations. */
  readonly sftSpendFraction?: number;
  /** US dollars that the two shares leave: each buys whole rows. */
  readonly remainderUsd?: number;
}

/** Result of an evaluation on one task. */
export interface TaskSummary {
  /** Name of the score: `Task.metric`. */
  readonly metric: string;
  readonly items: number;
  readonly score: number;
  readonly wellFormedRate: number;
  readonly truncatedRate: number;
  readonly noEosRate: number;
  readonly meanTokens: number;
  readonly repetitionRate: number;
  /** Further mean scores by name. */
  readonly scores: Readonly<Record<string, number>>;
}

/** An evaluation's results on an auxiliary task. Its items are in `auxiliary/NAME` of the same artifact. */
export interface AuxiliarySummary extends TaskSummary {
  readonly name: string;
  /** The score's 95% interval over the items. */
  readonly scoreLow: number;
  readonly scoreHigh: number;
}

/** An evaluation's summary; its items are in the artifact of the evaluate stage with this key. */
export interface EvaluationSummary extends TaskSummary {
  readonly key: string;
  readonly digest: string;
  /** Results on auxiliary tasks; left out if there are none. */
  readonly auxiliary?: readonly AuxiliarySummary[];
}

/** Rows of a pipeline's call whose price is that of no row of the definition. */
export interface OtherPricing {
  /** "correct samples". */
  readonly noun: string;
  /** US dollars for one, with its samples. */
  readonly usd: number;
}

/** Rows of the budget that a cell bought. */
export interface Bought {
  readonly demonstrations: number;
  readonly pairs: number;
}

/** Result of one cell. */
export interface CellResult {
  readonly cell: CellIdentity;
  /** Rows that its pipeline bought, where they differ from the cell's split. */
  readonly bought?: Bought;
  readonly evaluation: EvaluationSummary;
  /** In the order of their requests, the evaluation last. */
  readonly stages: readonly StageResult[];
  /** Stages that the plan did not know: results decided about them. Left out if there are none. */
  readonly unplanned?: readonly PlannedStage[];
  /** US dollars that failed stages spent whose failure the pipeline handled; left out if none. */
  readonly lostUsd?: number;
  /** List price of the rows that the budget bought, in US dollars: what the cell costs if it is bought alone. */
  readonly annotationUsd: number;
  /** Single experiments only; a sweep's cells are recorded in the sweep's chain. */
  readonly anchor?: AnchoredHead;
}

/** Why a part of a run failed or was skipped. */
export interface FailureReason {
  readonly code: string;
  readonly message: string;
  /** What to do, if the failure knows more than the table of failures. */
  readonly remedy?: string;
}

/** A cell that did not finish, and why; the sweep goes on without it. */
export interface FailedCell extends FailureReason {
  readonly cell: CellIdentity;
}

/** A control and the cell that it belongs to. */
export interface ControlIdentity {
  readonly kind: ControlKind;
  /** Its changed setting, e.g. "beta × 0.5"; left out if the kind says it all. */
  readonly setting?: string;
  /** Id of the cell that it is compared with. */
  readonly of: string;
}

/** Result of one control. */
export interface ControlResult extends ControlIdentity {
  /** US dollars for its rows at list price. */
  readonly annotationUsd: number;
  readonly evaluation: EvaluationSummary;
  readonly stages: readonly StageResult[];
}

/** A control that did not finish, and why. */
export interface FailedControl extends ControlIdentity, FailureReason {
  /** Finished stages; they are paid for. */
  readonly stages: readonly StageResult[];
}

/** An evaluation on test items of what was chosen by validation items. Without one: null, and the reason. */
export interface TestResult {
  /** Cell id, `controlIdOf` of a control, or `baseItemsKey`. */
  readonly of: string;
  /** Place on the sweep's axes; left out if the sweep has none. */
  readonly axes?: Readonly<Record<string, string>>;
  readonly evaluation: EvaluationSummary | null;
  readonly failure?: FailureReason;
  readonly stages: readonly StageResult[];
}

/** Id of a control. */
export function controlIdOf({ of, kind, setting }: ControlIdentity): string {
  return [of, kind, ...(setting === undefined ? [] : [setting])].join('/');
}

/** The untrained base model. If its evaluation failed: null, and the reason. */
export interface BaseOutcome {
  readonly base: EvaluationSummary | null;
  readonly baseFailure?: FailureReason;
}

/** The untrained base model at one place on a sweep's axes. */
export interface VariantBase extends BaseOutcome {
  readonly axes: Readonly<Record<string, string>>;
  /** Keys of its finished stages. */
  readonly stageKeys: readonly StageKey[];
}

/** State of a search at one budget. */
export interface BudgetStanding {
  /** Place on the sweep's axes; left out if the sweep has none. */
  readonly axes?: Readonly<Record<string, string>>;
  readonly budget: number;
  /** The split that the search would recommend now. */
  readonly sftFraction: number;
  /**
   * P(regret ≤ tolerance): the probability that no split of this budget is better by more than the
   * tolerance.
   */
  readonly confidence: number;
  /** Cells of this budget that have a score. */
  readonly runs: number;
  readonly settled: boolean;
}

/** Which cells to run next, and why. An empty list ends the search. */
export interface SearchProposal {
  /** Ids of cells. */
  readonly ids: readonly string[];
  readonly standings: readonly BudgetStanding[];
  readonly reason: string;
}

/** How well a small model's near-optimal region predicted the large model's, at one budget. */
export interface Transfer {
  readonly budget: number;
  /** |R_small ∩ R_large| ∕ |R_small|. */
  readonly share: number;
  /** Whether the midpoint of the small model's region is in the large model's. */
  readonly hit: boolean;
}

/** How a search went: its batches, and why it ended. */
export interface SearchRecord {
  readonly method: 'adaptive' | 'proxy';
  /** The last one proposes nothing. */
  readonly rounds: readonly SearchProposal[];
  /** Cells of the grid that did not run. */
  readonly skipped: number;
  /** Modelled device time of the cells that ran, as a fraction of the whole grid's. */
  readonly costFraction: number;
  /** Proxy search only: the budgets that both models have run completely. */
  readonly transfers: readonly Transfer[];
}

/** What a sweep spent on annotation, and what its limit skipped. */
export interface SpendRecord {
  /**
   * US dollars for rows, verifier calls and judgements really bought, failed cells included. Stored results
   * cost nothing.
   */
  readonly usd: number;
  /** Ids of cells and controls that the limit skipped. */
  readonly skipped: readonly string[];
  /**
   * US dollars that cells and controls could have spent that ended without reporting their spend; left out
   * if 0.
   */
  readonly unsettledUsd?: number;
}

/** The lists of a sweep's result, in the plan's order. They grow with the grid. */
export interface SweepLists {
  readonly baseStages: readonly StageResult[];
  /** The base model at every place on the axes; empty if the sweep has none. */
  readonly variants: readonly VariantBase[];
  readonly cells: readonly CellResult[];
  readonly failedCells: readonly FailedCell[];
  readonly controls: readonly ControlResult[];
  readonly failedControls: readonly FailedControl[];
  /** Evaluations on test items; empty where cells are compared on test items. */
  readonly tests: readonly TestResult[];
  /** Proposals of the search; empty if the sweep runs the whole grid. */
  readonly rounds: readonly SearchProposal[];
}

/** A page of these lists that fits into one Temporal payload; empty lists are left out. */
export type ResultPage = Partial<SweepLists>;

/** A page that is stored as a document. */
export interface StoredPage {
  /** SHA-256 of the document. */
  readonly digest: string;
}

/** Result of a sweep: cells and failed cells in the plan's order. */
export interface SweepResult extends Omit<SweepLists, 'rounds' | 'variants'>, BaseOutcome {
  readonly sweepId: string;
  readonly definitionDigest: string;
  /** The base model. In a sweep with axes: at their first values. */
  readonly base: EvaluationSummary | null;
  /** The base model at every place on the axes; left out if the sweep has none. */
  readonly variants?: readonly VariantBase[];
  /** Left out if the whole grid was run. */
  readonly search?: SearchRecord;
  /** Left out in results from before spend was recorded. */
  readonly spend?: SpendRecord;
  /** Head of the experiment's ledger chain, anchored here. */
  readonly ledgerHead: string | null;
  /** The head with the chain's length, and a signature if workers sign. */
  readonly anchor?: AnchoredHead;
  readonly cost: StageCost;
}

/**
 * What the sweep's workflow returns, small whatever the grid: the last page of the lists, and references to
 * the others.
 */
export interface SweepReturn extends SweepResult {
  readonly pages: readonly StoredPage[];
}

/** Score on an auxiliary task, with its 95% interval over the items. */
export type AuxiliaryScore = Pick<AuxiliarySummary, 'name' | 'score' | 'scoreLow' | 'scoreHigh'>;

/** A cell's state in the `progress` query. */
export interface CellProgress {
  readonly cell: CellIdentity;
  /** `skipped`: the search did not need it, or the spend limit was reached. */
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'skipped';
  /** Why it failed or was skipped. Left out by the search, and for failures before a continue-as-new. */
  readonly code?: string;
  readonly workflowId: string;
  readonly score?: number;
  /** Scores on auxiliary tasks; left out if there are none. */
  readonly auxiliary?: readonly AuxiliaryScore[];
  /** Number of warnings of its training executables, if any. */
  readonly warnings?: number;
}

/** State of a control or of an evaluation on test items. */
export interface PartProgress {
  readonly id: string;
  readonly state: CellProgress['state'];
}

/** Response of a sweep's `progress` query. */
export interface SweepProgress {
  readonly phase: 'cells' | 'controls' | 'tests' | 'recording' | 'done';
  readonly paused: PauseMode | null;
  /** Cells that may run at once. */
  readonly maxConcurrentCells: number;
  /** The base model's score, once it is known. */
  readonly baseScore: number | null;
  /** The base model's scores on auxiliary tasks; left out while there are none. */
  readonly baseAuxiliary?: readonly AuxiliaryScore[];
  /** From the requested index on, as many as fit into a response. */
  readonly cells: readonly CellProgress[];
  /** Index of the first cell that did not fit; left out if all did. */
  readonly next?: number;
  /** Controls that are running or have ended. */
  readonly controls: readonly PartProgress[];
  /** Evaluations on test items that are running or have ended, by what they evaluate. */
  readonly tests: readonly PartProgress[];
  /** Label statistics of finished stages; left out if there are none. */
  readonly labels?: readonly GatheredLabels[];
  /** US dollars paid for annotation and judging by finished work, and the limit. Left out by older workers. */
  readonly spend?: { readonly usd: number; readonly limitUsd?: number };
}

/** A stage that failed, and why. */
export interface FailedStage extends FailureReason, Pick<PlannedStage, 'key' | 'kind' | 'title'> {}

/** Response of the `progress` query of a cell or a user's own workflow: its stages so far. */
export interface ExperimentProgress {
  readonly paused: PauseMode | null;
  readonly finished: readonly StageResult[];
  readonly running: readonly Pick<PlannedStage, 'key' | 'kind' | 'title'>[];
  readonly failed: readonly FailedStage[];
}
