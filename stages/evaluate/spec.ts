import type { HeldOutSource, PinnedEvaluation, TaskSource } from '../sources';

/** Task, data, files and code are those of the trained task, or of the auxiliary task that is evaluated alone. */
export interface EvaluateSpec extends Omit<TaskSource, 'data'>, Pick<HeldOutSource, 'data'> {
  readonly kind: 'evaluate';
  readonly evaluation: PinnedEvaluation;
  /** Validation problems of the trained task, in place of its test items. Left out for the test set. */
  readonly split?: 'validation';
  /**
   * Name of the auxiliary task that is evaluated alone. `evaluation` then has its number of items and its longest answer,
   * and lists this task only. Left out for the trained task and all auxiliary tasks.
   */
  readonly only?: string;
  /** Demonstrations from the input `data` before each question; left out if there are none. */
  readonly fewShot?: number;
  /** Identity of the judge, if its name alone does not identify it. */
  readonly judgeDigest?: string;
}
