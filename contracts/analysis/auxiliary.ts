import type { ControlEffect } from './controls';
import type { Estimate } from './estimate';

/** An auxiliary task at one place in the grid. */
export interface AuxiliaryCell {
  readonly budget: number;
  readonly sftFraction: number;
  readonly sftRows: number;
  readonly pairRows: number;
  readonly score: Estimate;
  /** Score less the untrained base's, item by item. Null: the base has no score. */
  readonly difference: Estimate | null;
  /** Effect of training. `hurts`: a difference below −margin whose interval excludes 0. */
  readonly effect: ControlEffect;
}

/** Regression check on one auxiliary task. */
export interface AuxiliaryAnalysis {
  readonly name: string;
  /** Name of its score. */
  readonly metric: string;
  /** Test items that comparisons are paired on. 0: no item rows. */
  readonly items: number;
  /** Null: the base's evaluation failed. */
  readonly base: Estimate | null;
  /** By budget, then by falling SFT share. */
  readonly cells: readonly AuxiliaryCell[];
  readonly reading: string;
}
