import type { RowIssue } from '../../contracts/row-issues';
import type { ItemResult } from '../../schemas/rows';
import type { Finish, Problem, Random, ComparedAnswer } from '../../contracts/task';
import type { FieldReason, Fields } from '../json-rows';

/** A problem of a defined task: the item that it was made of travels with it. */
export interface TaskProblem<Item> extends Problem {
  readonly item: Item;
}

/** How an answer was found. */
export interface Evaluation {
  /** 1 right, 0 wrong; a judged or graded answer may lie between. Pairs are made of answers at 1 and below. */
  readonly score: number;
  /** Whether the answer keeps the format that the task asks for; true unless told. */
  readonly wellFormed?: boolean;
  /** Further scores by name; their means stand in every evaluation. */
  readonly scores?: Readonly<Record<string, number>>;
}

/** Somebody or something that writes demonstrations for items. */
export interface ItemAnnotator<Item> {
  readonly name: string;
  /** One sentence for reports: what this annotator gets wrong, and how often. */
  readonly description: string;
  /** Stands in keys in the place of a digest of its source: raised when it writes otherwise. Without one the source counts. */
  readonly version?: number;
  demonstrate(item: Item, random: Random): string;
}

/** A schema of zod's kind, for rows of files. */
export interface RowSchema<Item> {
  safeParse(row: unknown):
    | { readonly success: true; readonly data: Item }
    | {
        readonly success: false;
        readonly error: {
          readonly issues: readonly RowIssue[];
        };
      };
}

/** What makes a task; see `defineTask`. */
export interface TaskInput<Item> {
  readonly name: string;
  /** The name of the score, e.g. "accuracy". */
  readonly metric: string;
  /**
   * Stands in keys in the place of a digest of the task's source: raised when the task does otherwise, so that what it did
   * before is not taken for its own. Without one the source counts.
   */
  readonly version?: number | string;
  /** Draws one item, for `data.source` "twin"; without it the task reads files alone. */
  readonly synthesize?: (random: Random) => Item;
  /** One row of a JSON Lines file, for `data.source` "files"; without it the task is generated alone. */
  readonly schema?: RowSchema<Item>;
  /** The prompt exactly as the model sees it, up to where the answer begins. */
  readonly prompt: (item: Item) => string;
  /** What of an item is its own, for leakage checks; the prompt unless told. */
  readonly leakageText?: (item: Item) => string;
  /** What decides an item's answer, dressing left out: two items of one skeleton are never in train and test. */
  readonly dedupKey?: (item: Item) => string;
  /**
   * Of generated items, where their answers hold names: what is left without these. Two items of one pattern are never in
   * train and test either. Rows of files are held apart by skeleton alone, since many may well be of one pattern.
   */
  readonly pattern?: (item: Item) => string;
  /** The answer that a verifier or judge compares with. */
  readonly target: (item: Item) => string;
  /** The reference answer in the asked format, where the item has one; `target` where this is left out. */
  readonly gold?: (item: Item) => string | undefined;
  /** Beside "clean", which gives the reference answer. */
  readonly annotators?: readonly ItemAnnotator<Item>[];
  readonly evaluate: (item: Item, completion: string, finish: Finish) => Evaluation;
  /** Of a task that is scored by win rate: what a judge is shown; definitions may then name one. */
  readonly comparison?: (item: Item, completion: string) => ComparedAnswer;
  /** Figures over all test items that are no means, e.g. a length-controlled win rate. */
  readonly summarize?: (items: readonly ItemResult[]) => Readonly<Record<string, number>>;
}

/** A row of a file, with the score of its reference answer where the task's own check judges it. */
export interface ReadRow<Item> {
  readonly item: Item;
  readonly score?: number;
}

/** A task as its loaders see it. */
export interface TaskDefinition<Item> extends TaskInput<Item> {
  readRow(fields: Fields): { row: ReadRow<Item> } | { reasons: readonly FieldReason[] };
}
