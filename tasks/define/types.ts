import type { RowIssue } from '../../contracts/row-issues';
import type { ItemResult } from '../../schemas/rows';
import type { ComparedAnswer, Finish, PreferenceAnnotator, Problem, Random } from '../../contracts/task';
import type { FieldReason } from '../record-rows';
import type { Fields } from '../../schemas/json-lines';

/** A problem of a defined task, with its item. */
export interface TaskProblem<Item> extends Problem {
  readonly item: Item;
}

/** The score of one answer. */
export interface ItemScore {
  /**
   * 1 correct, 0 incorrect, or a grade between. Preference pairs take their chosen sample from answers that score 1, the
   * rejected one from answers below.
   */
  readonly score: number;
  /** Whether the answer has the requested format. Default: true. */
  readonly wellFormed?: boolean;
  /** Further scores by name; every evaluation reports their means. Default: none. */
  readonly scores?: Readonly<Record<string, number>>;
}

/** Writes demonstrations for items. */
export interface ItemAnnotator<Item> {
  /** Name in definitions (`annotator`). */
  readonly name: string;
  /** One sentence for reports: the annotator's errors and their frequency. */
  readonly description: string;
  /** Used in keys instead of a digest of its source; raise it when the annotator writes different text. Default: the source. */
  readonly version?: number;
  /** Returns the completion for an item; `random` is seeded by (seed, problem). */
  demonstrate(item: Item, random: Random): string;
}

/** A schema with zod's `safeParse`, for rows of files. */
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

/** Input of `defineTask`. An item is one problem, in any form that the functions below read. */
export interface TaskInput<Item> {
  /** Name in definitions (`task`). */
  readonly name: string;
  /** Name of the score, e.g. "accuracy". */
  readonly metric: string;
  /**
   * Used in keys instead of a digest of the task's source; raise it when the task behaves differently, so that results of
   * the old behaviour are not reused. Default: the source.
   */
  readonly version?: number | string;
  /** Generates one item, for `data.source: 'synthetic'`. Default: the task only reads files. */
  readonly synthesize?: (random: Random) => Item;
  /** Schema of one row of a JSON Lines file, for `data.source: 'files'`. Default: the task is only generated. */
  readonly schema?: RowSchema<Item>;
  /** The prompt exactly as the model sees it, up to where the answer begins. */
  readonly prompt: (item: Item) => string;
  /** The item's own text within the prompt, for leakage checks. Default: the prompt. */
  readonly leakageText?: (item: Item) => string;
  /**
   * What decides the item's answer, without names and wording. Items with equal keys are never in both train and test.
   * Default: the normalised prompt.
   */
  readonly dedupKey?: (item: Item) => string;
  /**
   * For generated items whose dedup key contains names: the item without them. Items with equal patterns are never in both
   * train and test. Not used for rows of files, where many rows may have one pattern. Default: none.
   */
  readonly pattern?: (item: Item) => string;
  /** The correct answer, which a verifier or judge compares with. */
  readonly target: (item: Item) => string;
  /** The reference answer in the requested format; undefined where the item has none. Default: `target`. */
  readonly gold?: (item: Item) => string | undefined;
  /** Annotators in addition to "clean", which writes the reference answer. Default: none. */
  readonly annotators?: readonly ItemAnnotator<Item>[];
  /** Preference annotators, made by `preferenceAnnotator`, for `pairs.annotator`. Default: none. */
  readonly preferenceAnnotators?: readonly PreferenceAnnotator<TaskProblem<Item>>[];
  /** The verifier: scores a completion. `finish` is 'length' where it was cut off at `maxNewTokens`. */
  readonly score: (item: Item, completion: string, finish: Finish) => ItemScore;
  /** For tasks scored by win rate: the answers that a judge compares. Definitions may then set `evaluation.judge`. */
  readonly comparison?: (item: Item, completion: string) => ComparedAnswer;
  /** Metrics over all test items that are not means of item scores, e.g. a length-controlled win rate. */
  readonly summarize?: (items: readonly ItemResult[]) => Readonly<Record<string, number>>;
}

/** A task for its loaders. */
export interface TaskDefinition<Item> extends TaskInput<Item> {
  readRow(fields: Fields): { row: Item } | { reasons: readonly FieldReason[] };
}
