import { z } from 'zod';

const policy = z.enum(['error', 'drop']).default('error');

/** What is done about rows of a file that are well formed but of no use: refused by line, or left out and counted. */
const rowPolicies = z.strictObject({
  /** The same prompt and answers as a row before. */
  duplicates: policy,
  emptyCompletions: policy,
  /** Chosen and rejected are the same text. */
  equalPairs: policy,
  /** The prompt is like a test or validation item. */
  overlaps: policy,
  /**
   * The task's own check says otherwise than the row: a demonstration that it finds wrong, a pair whose rejected answer
   * it finds no worse than the chosen one. "count" keeps such rows: they are how a file's noise is measured.
   */
  contradictions: z.enum(['count', 'error', 'drop']).default('count'),
});

const userDataset = {
  /** JSON Lines, CSV, TSV or Parquet. Enters keys by content. */
  file: z.string().min(1),
  /** Field of a row → where the file has it, dots between: { prompt: 'data.question' }. */
  map: z.record(z.string(), z.string()).default({}),
  /** "task": prompts are bare problems, put as the task puts its own. "whole": prompts stand as the model sees them. */
  prompts: z.enum(['task', 'whole']).default('task'),
  policies: rowPolicies.prefault({}),
  /** Where the rows are from, under which license, who or what wrote them, for how much; in no key. */
  source: z.string().min(1),
  license: z.string().min(1),
  /** Who or what wrote or compared; the definition's annotator unless told. */
  annotator: z.string().min(1).optional(),
  /** The model that wrote them, where one did. */
  model: z.string().min(1).optional(),
  /** SHA-256 of the prompt template that it was given. */
  promptTemplateSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** US dollars a row, as they were paid; what the plan counts with stands in `prices`. */
  usdPerRow: z.number().nonnegative().optional(),
};

const userDemonstrations = z.strictObject(userDataset);
const userPreferences = z.strictObject({
  ...userDataset,
  /** Pairs, or single answers that somebody liked or not, for the loss "kto". */
  kind: z.enum(['preferences', 'unpaired']).default('preferences'),
});

/** Rows of the user's own in the place of what an annotator would write or a checker would find. */
export const annotations = z.strictObject({
  demonstrations: userDemonstrations.optional(),
  preferences: userPreferences.optional(),
  /** What of prompts that one cell would take for both uses. */
  sharedPrompts: z.enum(['error', 'allow']).default('error'),
});
export type Annotations = z.infer<typeof annotations>;
export type UserDataset = z.infer<typeof userDemonstrations>;

/** The uses that rows of a file have. */
export const userRowsUses = ['demonstrations', 'preferences'] as const;
export type UserRowsUse = (typeof userRowsUses)[number];

/** What a file's rows are, as ingest reads them. */
export type UserRowKind = 'demonstrations' | 'preferences' | 'unpaired';

/** What of a file enters a stage's key: its content and how it is read. */
export interface UserRowsSource {
  readonly digest: string;
  readonly kind: UserRowKind;
  readonly map: Readonly<Record<string, string>>;
  readonly prompts: UserDataset['prompts'];
  readonly policies: UserDataset['policies'];
}
