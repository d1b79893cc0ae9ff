import type { PinnedEvaluation, TaskSource } from '../sources';

export interface EvaluateSpec extends TaskSource {
  readonly kind: 'evaluate';
  readonly evaluation: PinnedEvaluation;
  /** Demonstrations from the input `data` before each question; left out if there are none. */
  readonly fewShot?: number;
  /** Identity of the judge, if its name alone does not identify it. */
  readonly judgeDigest?: string;
}
