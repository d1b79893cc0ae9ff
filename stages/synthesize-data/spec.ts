import type { PairSpec } from '../../schemas/definition';
import type { UserRowsSource } from '../../schemas/user-rows';
import type { HeldOutSource, TaskSource } from '../sources';

/** The rows that a data stage makes, and the problems for which it buys them. */
interface PoolRows extends TaskSource {
  readonly kind: 'synthesizeData';
  /**
   * Auxiliary tasks whose test items overlap a problem or row, which is then excluded. Left out if none overlaps; then
   * the key does not change.
   */
  readonly heldOut?: readonly HeldOutSource[];
  readonly rows: number;
  /** Seed of the pool's permutation, shared by all stages of one seed. */
  readonly poolSeed: number;
}

/** Rows whose place in their order is known before they are made. */
interface OrderedRows extends PoolRows {
  /** Number of rows at the front of the order that earlier stages take. Left out if there are none. */
  readonly skip?: number;
}

/** Demonstrations by an annotator. */
export interface DemonstrationsSpec extends OrderedRows {
  readonly what: 'demonstrations';
  readonly annotator: string;
  /** Identity of the annotator, if its name alone does not identify it. */
  readonly annotatorDigest?: string;
}

/** How answers are sampled. */
export type SamplingSpec = Pick<PairSpec, 'candidates' | 'temperature' | 'topK' | 'topP' | 'maxNewTokens'>;

/**
 * Rows from a frozen reference's own samples: pairs, or one correct sample per prompt as a demonstration. With an input
 * `after`, sampling begins behind the last prompt of that stage.
 */
interface SamplesSpec extends PoolRows {
  /** Seed of the sampler. */
  readonly seed: number;
}

/** Pairs by the scores of the task's verifier. */
export interface PairsSpec extends SamplesSpec {
  readonly what: 'pairs';
  readonly pairs: SamplingSpec & Pick<PairSpec, 'chosen' | 'threshold' | 'minMargin'>;
}

/** Pairs by the labels of a preference annotator. */
export interface LabelledPairsSpec extends SamplesSpec {
  readonly what: 'labelled-pairs';
  readonly pairs: SamplingSpec & Pick<PairSpec, 'labels'>;
  readonly annotator: string;
  /** Identity of the annotator, if its name alone does not identify it. */
  readonly annotatorDigest?: string;
}

export interface RejectionSamplesSpec extends SamplesSpec {
  readonly what: 'rejection-samples';
  readonly pairs: SamplingSpec & Pick<PairSpec, 'threshold'>;
}

export type SampledSpec = PairsSpec | LabelledPairsSpec | RejectionSamplesSpec;

/** Rows of the user's own file, in the order of the pool's permutation. */
export interface UserRowsSpec extends OrderedRows {
  readonly what: 'user-demonstrations' | 'user-preferences';
  readonly userRows: UserRowsSource;
}

export type SynthesizeDataSpec = DemonstrationsSpec | SampledSpec | UserRowsSpec;
