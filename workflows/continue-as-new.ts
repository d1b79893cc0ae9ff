import { workflowInfo } from '@temporalio/workflow';
import type { GatheredLabels } from '../contracts/labels';
import type { BaseOutcome, SpendRecord, StoredPage } from '../contracts/results';
import type { StageCost } from '../contracts/stage';
import type { ScoredModel } from '../stages/evaluate';
import type { PackedScores } from './cell-scores';
import type { SteeringState } from './steering';

/** What a run of a sweep passes to the next one: small values, and references into the store. */
export interface ContinueAsNewState {
  readonly base: BaseOutcome;
  readonly cellScores: PackedScores;
  /** Places of cells that have a score without every stage of their plan; left out if there are none. */
  readonly partial?: readonly number[];
  /** Controls that have ended; left out until all cells have ended. */
  readonly controls?: number;
  /** Ids of the controls among these that have no result; left out if there are none. */
  readonly lostControls?: readonly string[];
  /** Evaluations on test items that have ended; left out until all controls have ended. */
  readonly tests?: number;
  /** Models of cells whose plans do not know which evaluation scores them, by cell id; left out if there are none. */
  readonly decided?: Readonly<Record<string, ScoredModel>>;
  readonly pages: readonly StoredPage[];
  readonly cost: StageCost;
  readonly steering: SteeringState;
  /** Annotation spend of earlier runs. */
  readonly spend?: SpendRecord;
  /** Numbers of preference labels that earlier runs have, by nest; left out if there are none. */
  readonly labelsByNest?: Readonly<Record<string, number>>;
  /** Label statistics of earlier runs. */
  readonly labels?: readonly GatheredLabels[];
}

/** Limits the cells, controls and tests that one run of a sweep starts, because a run's history is bounded. */
export class RunQuota {
  #started = 0;

  constructor(private readonly size: number) {}

  /** Also true once the server suggests continue-as-new. At least one item always starts. */
  get isSpent(): boolean {
    return this.#started >= this.size || (this.#started > 0 && workflowInfo().continueAsNewSuggested);
  }

  /** Yields items until the quota is spent. */
  *take<T>(items: readonly T[]): Generator<T> {
    for (const item of items) {
      if (this.isSpent) return;
      this.#started += 1;
      yield item;
    }
  }
}
