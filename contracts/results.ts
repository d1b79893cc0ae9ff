import type { ControlKind } from '../schemas/definition';
import type { GatheredLabels } from './labels';
import type { AnchoredHead, StageCost, StageKey, StageResult } from './stage';
import type { PauseMode } from '../schemas/steering';

/** Where a cell stands in the grid. */
export interface CellIdentity {
  readonly id: string;
  readonly task: string;
  readonly model: string;
  readonly annotator: string;
  /** Its place on the sweep's axes, by axis; left out where the sweep has none. */
  readonly axes?: Readonly<Record<string, string>>;
  /** Rows; in a sweep over money US dollars, and then the three fields below are there. */
  readonly budget: number;
  /** Share of the rows that are demonstrations. */
  readonly sftFraction: number;
  readonly seed: number;
  readonly sftRows: number;
  readonly pairRows: number;
  readonly budgetUnit?: 'usd';
  /** Share of the money that buys demonstrations. */
  readonly sftSpendShare?: number;
  /** US dollars that are too few for another row. */
  readonly remainderUsd?: number;
}

/** What an evaluation found on one task. */
export interface TaskSummary {
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
  /** The score's 95 % interval over the items. */
  readonly scoreLow: number;
  readonly scoreHigh: number;
}

/** An evaluation's summary; items are in the evaluate stage's artifact under `key`. */
export interface EvaluationSummary extends TaskSummary {
  readonly key: string;
  readonly digest: string;
  /** Unrelated tasks that were evaluated beside; left out where there were none. */
  readonly auxiliary?: readonly AuxiliarySummary[];
}

/** What one cell left. */
export interface CellResult {
  readonly cell: CellIdentity;
  readonly evaluation: EvaluationSummary;
  readonly stages: readonly StageResult[];
  /** US dollars for the rows that the budget bought. */
  readonly annotationUsd: number;
  /** Of an experiment that stands for itself; a sweep's cells are in the sweep's chain. */
  readonly anchor?: AnchoredHead;
}

/** Why something of a run was not finished. */
export interface FailureReason {
  readonly code: string;
  readonly message: string;
  /** What to do, where whoever failed knew better than the table of failures. */
  readonly remedy?: string;
}

/** A cell that did not finish, and why; the sweep goes on without it. */
export interface FailedCell extends FailureReason {
  readonly cell: CellIdentity;
}

/** Which control it is, and of which cell. */
export interface ControlIdentity {
  readonly kind: ControlKind;
  /** What it has in place of the cell's own, e.g. "beta × 0.5"; left out where the kind says it all. */
  readonly setting?: string;
  /** Id of the cell that it is compared with. */
  readonly of: string;
}

/** One run of a control. */
export interface ControlResult extends ControlIdentity {
  readonly evaluation: EvaluationSummary;
  readonly stages: readonly StageResult[];
}

/** A control that did not finish, and why. */
export interface FailedControl extends ControlIdentity, FailureReason {
  /** Those that had finished; they are paid for. */
  readonly stages: readonly StageResult[];
}

/** What a control is known by. */
export function controlIdOf({ of, kind, setting }: ControlIdentity): string {
  return [of, kind, ...(setting === undefined ? [] : [setting])].join('/');
}

/** The untrained base; null where its evaluation failed, and then why. */
export interface BaseOutcome {
  readonly base: EvaluationSummary | null;
  readonly baseFailure?: FailureReason | undefined;
}

/** The untrained base at one place on a sweep's axes. */
export interface VariantBase extends BaseOutcome {
  readonly axes: Readonly<Record<string, string>>;
  /** Keys of its finished stages. */
  readonly stageKeys: readonly StageKey[];
}

/** Where a search stands at one budget. */
export interface BudgetStanding {
  /** Place on the sweep's axes; left out where it has none. */
  readonly axes?: Readonly<Record<string, string>>;
  readonly budget: number;
  /** The split that it would recommend now. */
  readonly sftFraction: number;
  /** Probability that no split of this budget is better by more than the regret that does not matter. */
  readonly confidence: number;
  /** Cells of this budget that have a score. */
  readonly runs: number;
  readonly settled: boolean;
}

/** Which cells to run next, and why. No cell ends the search. */
export interface SearchProposal {
  /** Ids of cells. */
  readonly ids: readonly string[];
  readonly standings: readonly BudgetStanding[];
  readonly reason: string;
}

/** How well a small model's near-optimal region told the large one's at one budget. */
export interface Transfer {
  readonly budget: number;
  /** |R_small ∩ R_large| ∕ |R_small|. */
  readonly share: number;
  /** Whether the midpoint of the small one's region lies in the large one's. */
  readonly hit: boolean;
}

/** How a search went: what it asked for, batch by batch, and why it ended. */
export interface SearchRecord {
  readonly method: 'adaptive' | 'proxy';
  /** The last one asks for nothing. */
  readonly rounds: readonly SearchProposal[];
  /** Cells of the grid that it left out. */
  readonly skipped: number;
  /** Modelled device seconds of the cells that it ran, as a share of the whole grid's. */
  readonly costFraction: number;
  /** Of a search by proxy, at budgets that both models have whole. */
  readonly transfers: readonly Transfer[];
}

/** What a sweep spent on annotation, and where its limit stopped it. */
export interface SpendRecord {
  /** US dollars for rows, checker calls and judgements that were really bought, failed cells' too; nothing for what the store had. */
  readonly usd: number;
  /** Ids of cells and controls that were not begun because of the limit. */
  readonly skipped: readonly string[];
  /** US dollars that cells and controls could have spent that ended without a word on what they did; left out for none. */
  readonly unsettledUsd?: number;
}

/** What grows with a sweep's grid: the lists of its result, in the plan's order. */
export interface SweepLists {
  readonly baseStages: readonly StageResult[];
  /** The untrained base at every place on the axes; empty where the sweep has none. */
  readonly variants: readonly VariantBase[];
  readonly cells: readonly CellResult[];
  readonly failedCells: readonly FailedCell[];
  readonly controls: readonly ControlResult[];
  readonly failedControls: readonly FailedControl[];
  /** What a search asked for; empty of a sweep that runs the whole grid. */
  readonly rounds: readonly SearchProposal[];
}

/** A part of these lists that is small enough for a payload of Temporal; what is empty is left out. */
export type ResultPage = Partial<SweepLists>;

/** A part that is in the store as a document. */
export interface StoredPage {
  /** SHA-256 of the document. */
  readonly digest: string;
}

/** What an allocation sweep gives: cells and holes in the plan's order, whichever finished first. */
export interface SweepResult extends Omit<SweepLists, 'rounds' | 'variants'>, BaseOutcome {
  readonly sweepId: string;
  readonly definitionDigest: string;
  /** The untrained base; of a sweep with axes, at their first values. */
  readonly base: EvaluationSummary | null;
  /** The untrained base at every place on the axes; left out where the sweep has none. */
  readonly variants?: readonly VariantBase[];
  /** Left out where the whole grid was run. */
  readonly search?: SearchRecord;
  /** Left out by sweeps that ran before it was counted. */
  readonly spend?: SpendRecord;
  /** Head of the experiment's ledger chain, anchored here. */
  readonly ledgerHead: string | null;
  /** The same with the chain's length, and its signature where workers sign. */
  readonly anchor?: AnchoredHead;
  readonly cost: StageCost;
}

/** What its workflow returns, small whatever the grid: the last part of its lists, the parts before it by reference. */
export interface SweepReturn extends SweepResult {
  readonly pages: readonly StoredPage[];
}

/** A score of a task beside, with its 95 % interval over the items. */
export type AuxiliaryScore = Pick<AuxiliarySummary, 'name' | 'score' | 'scoreLow' | 'scoreHigh'>;

/** A cell's state while a sweep runs, for its `progress` query. */
export interface CellProgress {
  readonly cell: CellIdentity;
  /** `left-out`: a search did without it, or there was no money left for it. */
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'skipped';
  readonly workflowId: string;
  readonly score?: number;
  /** Scores of unrelated tasks beside; left out where there are none. */
  readonly auxiliary?: readonly AuxiliaryScore[];
  /** Warnings of its stages' training executables, where there are any. */
  readonly warnings?: number;
}

/** Where a sweep stands, as its `progress` query tells. */
export interface SweepProgress {
  readonly phase: 'cells' | 'controls' | 'recording' | 'done';
  readonly paused: PauseMode | null;
  /** Cells that may run at once. */
  readonly maxConcurrentCells: number;
  /** The base model's score, once it is known. */
  readonly baseScore: number | null;
  /** The base model's scores of unrelated tasks beside; left out where there are none, or not yet. */
  readonly baseAuxiliary?: readonly AuxiliaryScore[];
  /** From the one that was asked for; as many as fit into an answer. */
  readonly cells: readonly CellProgress[];
  /** The place of the first cell that did not fit; left out where none is missing. */
  readonly next?: number;
  /** Controls that run or have run. */
  readonly controls: readonly { readonly id: string; readonly state: CellProgress['state'] }[];
  /** What finished stages tell of labels; left out where they tell nothing. */
  readonly labels?: readonly GatheredLabels[];
  /** US dollars that annotators and judges were paid by what has ended, and that they may be at most; left out by older workers. */
  readonly spend?: { readonly usd: number; readonly limitUsd?: number };
}

/** Where a cell stands, as its own `progress` query tells: its stages so far, and the one that runs. */
export interface ExperimentProgress {
  readonly paused: PauseMode | null;
  readonly finished: readonly StageResult[];
  readonly running: { readonly key: string; readonly kind: string; readonly title: string } | null;
}
