import type { ControlKind } from '../../schemas/controls';
import type { BudgetUnit } from '../../schemas/definition';
import type { Coordinates } from '../../core/coordinates';
import type { EvaluationSplit } from '../evaluation-split';
import type { FailureReason } from '../results';
import type { AuxiliaryAnalysis } from './auxiliary';
import type {
  CandidateAnalysis,
  ControlAnalysis,
  FurtherControl,
  PairEffect,
  TuningAnalysis,
} from './controls';
import type { ColdStartDiagnosis, Finding, StagnationDiagnosis } from './diagnoses';
import type { Estimate, IntervalBasis, StyleRates } from './estimate';
import type { FrontierPoint, MarginalGain, PriceSensitivity } from './money';
import type { BudgetAnalysis, CellAnalysis, RegionTransfer, TestAnalysis } from './splits';
import type { ClaimVerdict } from './verdicts';

/** A cell that failed, by name. */
export interface FailedCellAnalysis extends FailureReason {
  readonly cellId: string;
  readonly budget: number;
  readonly sftFraction: number;
  readonly seed: number;
}

/** A control that failed, by name and by the cell that it is compared with. */
export interface FailedControlAnalysis extends FailureReason {
  readonly kind: ControlKind;
  readonly setting?: string;
  readonly budget: number;
  readonly sftFraction: number;
  readonly seed: number;
}

/** The subject of one analysis. */
export interface SubjectName {
  readonly task: string;
  readonly model: string;
  /** The place on the axes. Left out: no axes. */
  readonly axes?: Coordinates;
}

/** Analysis of one task, base model and place on the axes: plain JSON, for the report, the command line and `--json`. */
export interface SubjectAnalysis extends SubjectName {
  readonly version: 1;
  /** Unit of every `budget`. */
  readonly unit: BudgetUnit;
  /** Null: unknown. */
  readonly annotator: string | null;
  /** Name of the score: the task's metric, such as "accuracy". */
  readonly metric: string;
  /** Seeds that finished in at least one cell. */
  readonly seeds: readonly number[];
  /** Items that splits are compared on. Null: a table of scores does not say. */
  readonly split: EvaluationSplit | null;
  /** Items that comparisons are paired on. 0: no item rows. */
  readonly items: number;
  readonly intervals: {
    readonly level: 0.95;
    readonly basis: IntervalBasis;
    /** What the intervals cover, for every table. */
    readonly label: string;
    /** Standard deviation between seeds, by budget. Empty: one seed. */
    readonly seedDeviations: readonly { readonly budget: number; readonly deviation: number }[];
  };
  readonly equivalenceMargin: number;
  /** Null: the base model's score is unknown. */
  readonly base: { readonly score: Estimate; readonly style: StyleRates } | null;
  /** Why the base's evaluation failed, if it did. */
  readonly baseFailure?: FailureReason;
  /** By budget, then by falling SFT share. */
  readonly cells: readonly CellAnalysis[];
  readonly budgets: readonly BudgetAnalysis[];
  /** Scores on test items of what was chosen by validation items; empty where test items choose. */
  readonly tests: readonly TestAnalysis[];
  /** From each budget to each larger one. */
  readonly transfers: readonly RegionTransfer[];
  readonly coldStart: readonly ColdStartDiagnosis[];
  /** Null: SFT share 0 was not run with fewer than 1,000 pairs. */
  readonly stagnation: StagnationDiagnosis | null;
  readonly findings: readonly Finding[];
  readonly gains: readonly MarginalGain[];
  readonly frontier: readonly FrontierPoint[];
  readonly prices: readonly PriceSensitivity[];
  /** Of every cell with pairs whose warm start has a score. */
  readonly pairEffects: readonly PairEffect[];
  readonly controls: readonly ControlAnalysis[];
  /** At most one for each budget. */
  readonly candidates: readonly CandidateAnalysis[];
  readonly furtherControls: readonly FurtherControl[];
  readonly tuning: readonly TuningAnalysis[];
  readonly failedControls: readonly FailedControlAnalysis[];
  /** Auxiliary tasks. */
  readonly auxiliary: readonly AuxiliaryAnalysis[];
  /** C1 … C5, all five. */
  readonly verdicts: readonly ClaimVerdict[];
  readonly failedCells: readonly FailedCellAnalysis[];
  /** The answer in plain words, a paragraph a line. */
  readonly answer: string;
  /** Caveats: cells without item rows, cells with more seed variance than the rest. */
  readonly notes: readonly string[];
}

/** Analysis of a sweep. */
export interface SweepAnalysis extends SubjectAnalysis {
  readonly sweepId: string;
}

/**
 * Key of the base model's items in the input of `analyzeSweep`; cells have their ids, controls `controlIdOf`.
 */
export const baseItemsKey = 'base';
