import { z } from 'zod';
import type { Usd } from '../core/money';
import { pairDefaults, unfitPairSettings } from '../core/pair-settings';
import { auxiliaryTasks } from './auxiliary-tasks';
import { sweepAxes } from './axes';
import { controlKinds } from './controls';
import { preferenceLoss } from './losses';
import { memberReference } from './members';
import { count, type FieldIssue, fraction, name, positive, seed } from './scalars';
import { searchSpec } from './search';
import { trainingSpec } from './training';
import { unusedIssues } from './unused-settings';
import { annotations } from './user-rows';

export const taskData = z.discriminatedUnion('source', [
  z.strictObject({
    /** The task generates its problems. */
    source: z.literal('synthetic'),
    /** Seed of the generator; it determines all problems. Default: 0. */
    seed: seed.default(0),
    /** Number of problems for training rows. Default: 6144. */
    pool: count.default(6144),
    /** Number of validation problems. Default: 200. */
    validation: count.default(200),
    /** Number of test problems. Default: 400. */
    test: count.default(400),
  }),
  z.strictObject({
    /** Problems are read from files. */
    source: z.literal('files'),
    /** Path of a file of problems: JSON Lines, JSON, CSV, TSV or Parquet, also gzipped (.gz). Its content enters keys, not its path. */
    train: z.string().min(1),
    /** Path of a file of problems: JSON Lines, JSON, CSV, TSV or Parquet, also gzipped (.gz). Its content enters keys, not its path. */
    test: z.string().min(1),
    /** Number of rows at the end of train held back for validation. Default: 0. */
    validation: z.int().nonnegative().default(0),
    /** GSM8K: remove calculation annotations (`<<…>>`) from reference solutions. Default: true. */
    stripCalculationAnnotations: z.boolean().default(true),
    /** Where the files come from, for the metadata of datasets. In no key. Default: none. */
    origin: z.string().min(1).optional(),
    /** SPDX identifier or address of the files' license, for the metadata of datasets. In no key. */
    license: z.string().min(1).optional(),
  }),
]);
export type TaskData = z.infer<typeof taskData>;

type SyntheticData = Extract<TaskData, { source: 'synthetic' }>;
type FileData = Extract<TaskData, { source: 'files' }>;
/** Data that a task loads. Files without `train` are a test set only. */
export type ProblemData = SyntheticData | (Omit<FileData, 'train'> & Partial<Pick<FileData, 'train'>>);

export const pairSpec = z
  .strictObject({
    /** The chosen answer: the sample with the best score, or the gold answer. Default: 'best-sample'. */
    chosen: z.enum(['best-sample', 'gold']).default(pairDefaults.chosen),
    /** Least score of a chosen answer and of a correct sample, 0 … 1. Default: 0.5. */
    threshold: fraction.default(pairDefaults.threshold),
    /** Least difference of the scores of chosen and rejected, above 0, up to 1. Default: 0.1. */
    minMargin: z.number().gt(0).max(1).default(pairDefaults.minMargin),
    /**
     * Samples per prompt, 1 … 64. The verifier scores each; with `annotator` the first two different ones are compared.
     * Default: 4.
     */
    candidates: z.int().min(1).max(64).default(4),
    /** Sampling temperature. Default: 1. */
    temperature: positive.default(1),
    /** Sample from the k most likely tokens. Default: all. */
    topK: count.optional(),
    /** Sample from the most likely tokens whose probabilities sum to p, 0 < p ≤ 1. Default: all. */
    topP: z.number().gt(0).max(1).optional(),
    /** Longest sample, in tokens. */
    maxNewTokens: count,
    /** Name of a preference annotator that labels which answer is better. Default: the task's verifier decides. */
    annotator: name.optional(),
    /**
     * With `annotator`: labels of one item, 1 … 15; the majority decides. Every second label is asked with the answers
     * swapped, so 2 labels are both orders. Default: 2.
     */
    labels: z.int().min(1).max(15).default(pairDefaults.labels),
  })
  .superRefine((pairs, context) => {
    for (const { field, reason } of unfitPairSettings(pairs))
      context.addIssue({ code: 'custom', path: [field], message: reason });
  });
export type PairSpec = z.infer<typeof pairSpec>;
/** Some settings of pairs, as a user writes them. */
export type PairSettings = Partial<z.input<typeof pairSpec>>;

export const evaluationSpec = z.strictObject({
  /** Number of items, from the front of their set. Of validation problems: all of them if there are fewer. */
  items: count,
  /**
   * Items that cells are compared on. With "validation" the best splits of a sweep are then scored once on test items.
   * Default: sweeps "validation" if `data.validation` is above 0, otherwise "test".
   */
  split: z.enum(['validation', 'test']).optional(),
  /** Longest answer, in tokens. */
  maxNewTokens: count,
  /** Name of a judge, for a task scored by win rate. Default: the task's own program. */
  judge: name.optional(),
  /** Other tasks to evaluate every model on, as a regression check. Default: none. */
  auxiliary: auxiliaryTasks.optional(),
});
export type EvaluationSpec = z.infer<typeof evaluationSpec>;

/** Unit of budgets: rows, or US dollars. */
export type BudgetUnit = 'rows' | 'usd';

export const prices = z.strictObject({
  /** Price of one demonstration, in US dollars: its prompt and the written answer. */
  sftExample: z.number().nonnegative(),
  /**
   * Price of one preference pair, in US dollars: its prompt and the verifier's decision which answer is better. Answers cost
   * extra: the samples, and with `chosen: 'gold'` a demonstration. For pairs of a file: the whole pair.
   */
  preferencePair: z.number().nonnegative(),
  /** Price of one sampled answer, in US dollars, in addition to its verifier call or labels. Default: 0. */
  sample: z.number().nonnegative().default(0),
  /** Price of one verifier call, in US dollars. Default: 0. */
  verifierCall: z.number().nonnegative().default(0),
  /**
   * Price of one label of `pairs.annotator`, in US dollars: also of ties and refusals. An endpoint's bill takes its place.
   * Default: `preferencePair`.
   */
  preferenceLabel: z.number().nonnegative().optional(),
  /** Price of one cell's evaluation, e.g. its judge, in US dollars; subtracted from a money budget first. Default: 0. */
  evaluation: z.number().nonnegative().optional(),
  /** Price of 10^18 floating-point operations, in US dollars; if set, a money budget also pays for compute. Default: 0. */
  exaflop: z.number().nonnegative().optional(),
});
export type Prices = z.infer<typeof prices>;

export const execution = z.strictObject({
  /** Device of training and generation. Default: 'cpu'. */
  device: z.enum(['cpu', 'cuda']).default('cpu'),
  /** Threads per device slot. They affect floating-point results, so the host's cores do not set them. Default: 1. */
  threads: count.default(1),
  /** Rows per forward and backward pass. Default: null, chosen automatically up to the batch size. */
  microBatchSize: count.nullable().default(null),
  /** Optimiser steps between checkpoints. Default: 20. */
  checkpointEverySteps: count.default(20),
  /** Retries of a stage after infrastructure failures; attempts that got further than the one before cost none. Default: 10. */
  infrastructureRetries: z.int().nonnegative().default(10),
  /** Hours for which a stage waits while a disk, the store or an endpoint is away. Default: 24. */
  outageHours: positive.optional(),
  /** Seconds without a sign of work from a trainer before a stage counts as stalled. Default: 300; longer for executables without heartbeats. */
  stallSeconds: positive.optional(),
});
export type Execution = z.infer<typeof execution>;

const shared = {
  /** Name of the experiment or sweep; run ids begin with it. Lower-case letters, digits and hyphens, at most 63. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens, at most 63'),
  /** Name of the task to train for. */
  task: name,
  /** Source of the task's problems: its generator, or files. */
  data: taskData,
  /** Name of the annotator that writes demonstrations. */
  annotator: name,
  /**
   * Base model: "embedded", a folder in Hugging Face layout, a GGUF file, or a hub model: hub('owner/name').
   * Default: 'embedded'.
   */
  model: z.string().min(1).default('embedded'),
  /**
   * Your own model family, made by `defineFamily` of "budgetline/families", for a model of no built-in family.
   * Default: none.
   */
  family: memberReference.optional(),
  /** Supervised fine-tuning. */
  sft: trainingSpec,
  /** Preference tuning. */
  preference: trainingSpec.extend({
    /** Loss, with its parameters. */
    loss: preferenceLoss,
  }),
  /** How preference pairs are made from samples of the frozen reference. */
  pairs: pairSpec,
  /** User rows, in place of an annotator or of sampled pairs. Default: none. */
  annotations: annotations.optional(),
  /** How models are scored. */
  evaluation: evaluationSpec,
  /** Prices in US dollars. In no stage's key; with budgets in US dollars they decide how many rows are bought. */
  prices,
  /** How stages run. In no stage's key. */
  execution: execution.prefault({}),
  /** Your own pipeline: an exported function. Default: SFT, frozen reference, preference tuning, evaluation. */
  pipeline: memberReference.optional(),
  /** Your own stage kinds, made by `defineStage` and exported, for the pipeline. Default: none. */
  stageKinds: z.array(memberReference).min(1).optional(),
};

/** One cell: one budget, one split, one seed. */
const experimentFields = z.strictObject({
  ...shared,
  /** Rows to buy. */
  budget: count,
  /** Fraction of the rows that are demonstrations, 0 … 1; the rest are preference pairs. */
  sftFraction: fraction,
  /** Training seed. Default: 0. */
  seed: seed.default(0),
  /** For budgets in US dollars: a cell's budget and split, which determine its rows instead. Default: none. */
  spend: z
    .strictObject({
      /** Budget, in US dollars. */
      usd: positive,
      /** Fraction of the money that buys demonstrations, 0 … 1. */
      sftSpendFraction: fraction,
    })
    .optional(),
});
export const experimentDefinition = experimentFields.superRefine((definition, context) => {
  for (const issue of unusedIssues(definition)) context.addIssue({ code: 'custom', ...issue });
});
export type ExperimentDefinition = z.infer<typeof experimentDefinition>;
/** An experiment's definition as JSON: users' functions by module and export. */
export type ExperimentJson = z.input<typeof experimentDefinition>;

const distinct = (values: readonly unknown[]): boolean => new Set(values).size === values.length;

const sweepFields = z.strictObject({
  ...shared,
  /** Budgets, in rows, or in US dollars: `[usd(5), usd(20)]`. */
  budgets: z.array(z.number()).min(1).refine(distinct, 'each budget once'),
  /** Set by `usd(…)`. Default: rows. */
  budgetUnit: z.literal('usd').optional(),
  /** Fractions of the rows that are demonstrations, 0 … 1. Required for budgets in rows. */
  sftFractions: z.array(fraction).refine(distinct, 'each fraction once').default([]),
  /** Fractions of the money that buy demonstrations, 0 … 1. Required for budgets in US dollars. */
  sftSpendFractions: z.array(fraction).min(1).refine(distinct, 'each fraction once').optional(),
  /** Training seeds. Default: [0]. */
  seeds: z.array(seed).min(1).refine(distinct, 'each seed once').default([0]),
  /** Further axes by name: model, annotator, sft.lora.rank, preference.learningRate, task … Default: none. */
  axes: sweepAxes.optional(),
  /** How the cells to run are chosen. Default: { method: 'grid' }. */
  search: searchSpec.prefault({ method: 'grid' }),
  /**
   * Controls to run in addition to the cells. Default: ['warm-start', 'sft-on-chosen']; with a pipeline of your own
   * none.
   */
  controls: z
    .array(z.enum(controlKinds))
    .refine(distinct, 'each control once')
    .default(['warm-start', 'sft-on-chosen']),
  /** Demonstrations in the prompt of the control `few-shot`. Default: 4. */
  numFewShot: count.optional(),
  /** Budget of the controls `learning-rate` and `beta`, one of `budgets`. Default: the largest. */
  sensitivityBudget: positive.optional(),
  /** Largest difference in score that does not matter (equivalence testing), in the score's unit. Default: 0.02. */
  equivalenceMargin: fraction.default(0.02),
  /** Largest budget that counts as small, in the unit of `budgets`. Default: the smallest budget. */
  smallBudgetMax: positive.optional(),
  /** Smallest budget that counts as large, in the unit of `budgets`. Default: the largest budget. */
  largeBudgetMin: positive.optional(),
  /** Largest annotation spend of the sweep, in US dollars; a cell that could exceed it is skipped. Default: no limit. */
  spendLimitUsd: positive.optional(),
});
type SweepFields = z.output<typeof sweepFields>;

/** Each unit of budgets has its own field of fractions. */
function fractionIssues({ budgetUnit, sftFractions, sftSpendFractions }: SweepFields): FieldIssue[] {
  const [own, other] =
    budgetUnit === 'usd'
      ? (['sftSpendFractions', 'sftFractions'] as const)
      : (['sftFractions', 'sftSpendFractions'] as const);
  const isSet = { sftFractions: sftFractions.length > 0, sftSpendFractions: sftSpendFractions !== undefined };
  const unit = budgetUnit === 'usd' ? 'money' : 'rows';
  return [
    ...(isSet[own] ? [] : [{ path: [own], message: `budgets in ${unit} are split by ${own}` }]),
    ...(isSet[other] ? [{ path: [other], message: `budgets in ${unit} are split by ${own}` }] : []),
  ];
}

function sensitivityIssues({ budgets, sensitivityBudget }: SweepFields): FieldIssue[] {
  if (sensitivityBudget === undefined || budgets.includes(sensitivityBudget)) return [];
  return [{ path: ['sensitivityBudget'], message: `one of the budgets is needed: ${budgets.join(', ')}` }];
}

/** A grid of cells: budgets × fractions × seeds, and further axes. */
export const sweepDefinition = sweepFields.superRefine((definition, context) => {
  const amount = definition.budgetUnit === 'usd' ? positive : count;
  const checked = z.array(amount).safeParse(definition.budgets);
  for (const issue of checked.error?.issues ?? [])
    context.addIssue({ ...issue, path: ['budgets', ...issue.path] });
  const issues = [
    ...fractionIssues(definition),
    ...sensitivityIssues(definition),
    ...unusedIssues(definition),
  ];
  for (const issue of issues) context.addIssue({ code: 'custom', ...issue });
});
export type SweepDefinition = z.infer<typeof sweepDefinition>;
/** A sweep's definition as JSON: users' functions by module and export. */
export type SweepJson = Omit<z.input<typeof sweepDefinition>, 'budgets'> & {
  /** Budgets, in rows, or in US dollars: `[usd(5), usd(20)]`. */
  readonly budgets: readonly (number | Usd)[];
};
