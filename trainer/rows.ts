import type { BoundLoss } from '../losses/bind';

/** A token sequence. */
export interface SequenceRow {
  readonly ids: Int32Array;
  /** Position of the first supervised token. */
  readonly completionStart: number;
}

/** A preference pair with the reference's summed log-probability of each completion. */
export interface PairRow {
  readonly chosen: SequenceRow;
  readonly rejected: SequenceRow;
  readonly referenceChosen: number;
  readonly referenceRejected: number;
}

/** An unpaired answer, with the reference's summed log-probabilities. */
export interface UnpairedRow {
  readonly sequence: SequenceRow;
  readonly desirable: boolean;
  readonly reference: number;
  /** The prompt with the answer to another prompt. A step measures its baseline on these. */
  readonly mismatched: SequenceRow;
  readonly referenceMismatched: number;
}

/** A training row: a sequence for language modelling, a pair or an unpaired answer for a preference loss. */
export type TrainRow = SequenceRow | PairRow | UnpairedRow;

/** Language modelling, or a preference loss. */
export type Objective = { readonly rows: 'sequences' } | BoundLoss;
