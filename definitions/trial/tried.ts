import type { Problem } from '../../contracts/task';

/** An answer with the verifier's score. */
export interface ScoredAnswer {
  readonly problem: Problem;
  readonly text: string;
  readonly score: number;
}

/** An item without an answer, and why. */
export interface Unanswered {
  readonly problem: Problem;
  readonly reason: string;
}

/** The labels of one preference annotator. */
export interface TriedLabels {
  readonly annotator: string;
  /** Number of pairs of a reference answer and another item's, each labelled in both orders. */
  readonly pairs: number;
  /** Number of pairs whose labels prefer the reference answer. */
  readonly preferred: number;
  /** The first item on which it fails; nothing was asked after it. */
  readonly failure?: Unanswered;
}

/** The answers of one author, in the order of the items. */
export interface TriedAuthor {
  /** Name of the annotator; null: the task's reference answers. */
  readonly annotator: string | null;
  readonly answers: readonly ScoredAnswer[];
  /** Items that it refuses, e.g. rows of a file without a reference answer. */
  readonly without: readonly Unanswered[];
  /** Number of items for which there was no time. */
  readonly untried: number;
  /** The first item on which it fails; nothing was asked after it. */
  readonly failure?: Unanswered;
}
