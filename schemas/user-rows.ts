import { z } from 'zod';
import { unknownRowField } from '../core/row-fields';
import { sha256 } from './scalars';

const action = z.enum(['error', 'drop']).default('error');

/** What happens to rows that fail a check: "error" refuses the file and lists them by line, "drop" removes and counts them. */
const rowChecks = z.strictObject({
  /** Same prompt and answers as an earlier row. Default: 'error'. */
  duplicates: action,
  /** An answer is empty. Default: 'error'. */
  emptyCompletions: action,
  /** Chosen and rejected are the same text. Default: 'error'. */
  equalPairs: action,
  /** The prompt overlaps a test or validation item (contamination). Default: 'error'. */
  overlaps: action,
  /** Neither answer of a pair is better: equal ranks or scores, or a winner "tie". Default: 'error'. */
  ties: action,
  /**
   * The task's verifier disagrees with the row: it scores a demonstration 0, or the chosen answer no higher than the
   * rejected one. 'count' keeps such rows and reports their number as label noise. Default: 'count'.
   */
  verifierMismatches: z.enum(['count', 'error', 'drop']).default('count'),
});

const column = z.string().min(1);
const columnMapping = z
  .record(z.string(), z.union([column, z.array(column).min(1)]))
  .superRefine((mapping, context) => {
    const message = unknownRowField(Object.keys(mapping));
    if (message !== undefined) context.addIssue(message);
  });

const userDataset = {
  /** Path of a file of rows (docs/reference/rows.md). Its content enters keys, not its path. */
  file: z.string().min(1),
  /**
   * Row field → column of the file, nested by dots: { prompt: 'data.question' }. Several columns make one text, joined by
   * a blank line: { prompt: ['instruction', 'input'] }. `unused` names columns that are left out on purpose.
   * Default: columns named as fields.
   */
  columnMapping: columnMapping.default({}),
  /**
   * Whether to put each prompt into the task's prompt template. false: prompts are used as they are.
   * Default: true.
   */
  applyTaskTemplate: z.boolean().default(true),
  /** What happens to rows that fail a check. */
  rowChecks: rowChecks.prefault({}),
  /** Where the rows come from: a name or an address. In no key. */
  source: z.string().min(1),
  /** SPDX identifier or address of their license. In no key. */
  license: z.string().min(1),
  /** Who or what wrote or compared the rows. Default: the definition's `annotator`. In no key. */
  annotator: z.string().min(1).optional(),
  /** Model that wrote the rows, if one did. In no key. */
  model: z.string().min(1).optional(),
  /** SHA-256 of the prompt template that this model was given, 64 hexadecimal digits. In no key. */
  promptTemplateSha256: sha256.optional(),
  /** US dollars paid for one row, for the metadata. The plan uses `prices`. In no key. */
  usdPerRow: z.number().nonnegative().optional(),
};

const userDemonstrations = z.strictObject(userDataset);
const userPreferences = z.strictObject({
  ...userDataset,
  /** Pairs, or unpaired answers with a label for the loss "kto". Default: 'preferences'. */
  kind: z.enum(['preferences', 'unpaired']).default('preferences'),
});

/** User rows: datasets from files, in place of an annotator's demonstrations or of sampled pairs. */
export const annotations = z.strictObject({
  /** User rows for SFT, in place of the annotator's. Default: none. */
  demonstrations: userDemonstrations.optional(),
  /** User rows for preference tuning, in place of sampled pairs. Default: none. */
  preferences: userPreferences.optional(),
  /** Whether a cell may use the same prompt for a demonstration and a preference. Default: 'error'. */
  sharedPrompts: z.enum(['error', 'allow']).default('error'),
});
export type Annotations = z.infer<typeof annotations>;
export type UserDataset = z.infer<typeof userDemonstrations>;

/** What the rows of a file are used for. */
export const userRowsUses = ['demonstrations', 'preferences'] as const;
export type UserRowsUse = (typeof userRowsUses)[number];

/** Kinds of user rows. */
export type UserRowKind = 'demonstrations' | 'preferences' | 'unpaired';

/** The part of a user dataset that enters a stage's key: its content and how it is read. */
export interface UserRowsSource {
  /** SHA-256 of the file. */
  readonly digest: string;
  readonly kind: UserRowKind;
  readonly columnMapping: UserDataset['columnMapping'];
  readonly applyTaskTemplate: boolean;
  readonly rowChecks: UserDataset['rowChecks'];
}
