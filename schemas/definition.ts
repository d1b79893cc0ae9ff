import { z } from 'zod';
import type { Usd } from '../contracts/money';
import { annotations } from './user-rows';
import { preferenceLoss } from './losses';
import { trainingSpec } from './training';
import { isName, nameRule, withoutCase } from '../contracts/names';

const share = z.number().min(0).max(1);
const positive = z.number().positive();
const count = z.int().positive();
/** Of a task, an annotator, a judge. */
const name = z.string().refine(isName, `a name of ${nameRule()}, is needed`);

const generatorSeed = z.int().nonnegative();

/** Where a task's problems come from. Twins are generated; files are read and enter keys by content. */
export const taskData = z.discriminatedUnion('source', [
  z.strictObject({
    source: z.literal('synthetic'),
    /** Seed of the generator: one seed, one set of problems. */
    seed: generatorSeed.default(0),
    /** Problems that a budget may buy rows on. */
    pool: count.default(6144),
    validation: count.default(200),
    test: count.default(400),
  }),
  z.strictObject({
    source: z.literal('files'),
    /** JSONL with one problem a line. */
    train: z.string().min(1),
    test: z.string().min(1),
    /** Rows held back from train for validation. */
    validation: z.int().nonnegative().default(0),
    /** How the task renders problems, e.g. calculator marks removed. */
    stripCalculationAnnotations: z.boolean().default(true),
    /** Where the files are from and under which license, for the metadata of what is made of them; in no key. */
    origin: z.string().min(1).optional(),
    license: z.string().min(1).optional(),
  }),
]);
export type TaskData = z.infer<typeof taskData>;

type SyntheticData = Extract<TaskData, { source: 'synthetic' }>;
type FileData = Extract<TaskData, { source: 'files' }>;
/** What a task is asked to read or generate: files without `train` are a test set and nothing else. */
export type ProblemData = SyntheticData | (Omit<FileData, 'train'> & Partial<Pick<FileData, 'train'>>);

/** How a preference pair is made, and so what it costs. */
export const pairSpec = z.strictObject({
  chosen: z.enum(['policy-correct', 'gold']).default('policy-correct'),
  rejected: z.literal('policy-incorrect').default('policy-incorrect'),
  /** Samples drawn from the frozen reference a prompt; each is one checker call. */
  candidates: z.int().min(1).max(64).default(4),
  temperature: positive.default(1),
  /** Only the likeliest tokens are sampled from: this many, or as many as together have this probability. */
  topK: count.optional(),
  topP: z.number().gt(0).max(1).optional(),
  maxNewTokens: count,
});
export type PairSpec = z.infer<typeof pairSpec>;

/** Another task of an evaluation: its own name, items and judge, and where its problems come from. */
const auxiliaryFields = z.strictObject({
  task: name,
  /** What its scores and its folder are called; the task's name unless told. */
  name: name.optional(),
  /** Test items, from the front of its test set. */
  items: count,
  maxNewTokens: count,
  /** Its generated twin unless told; or a file of its own, as `data.test` of a definition over files. */
  data: z
    .discriminatedUnion('source', [
      z.strictObject({ source: z.literal('synthetic'), seed: generatorSeed.default(0) }),
      z.strictObject({ source: z.literal('files'), test: z.string().min(1) }),
    ])
    .optional(),
  /** Seed of the twin, where `data` is left out. */
  seed: generatorSeed.optional(),
  /** Name of its judge; the task's own program unless told. */
  judge: name.optional(),
});

interface Fault {
  readonly path: PropertyKey[];
  readonly message: string;
}

function auxiliaryFaults(all: readonly z.output<typeof auxiliaryFields>[]): Fault[] {
  const names = all.map((auxiliary) => withoutCase(auxiliary.name ?? auxiliary.task));
  return all.flatMap((auxiliary, at) => {
    const own = names[at] ?? '';
    const path = [at, auxiliary.name === undefined ? 'task' : 'name'];
    return [
      ...(auxiliary.data !== undefined && auxiliary.seed !== undefined
        ? [{ path: [at, 'seed'], message: 'data says where the problems are from; leave seed out' }]
        : []),
      // Figures are named after it, with full stops between their parts.
      ...(own.includes('.')
        ? [{ path, message: 'a name without full stops is needed; give it one by the field name' }]
        : []),
      ...(names.indexOf(own) === at
        ? []
        : [{ path, message: 'there is one of this name; give this one another' }]),
    ];
  });
}

/** One spelling for one set of problems: a twin is its seed. */
function spellAuxiliary({ data, seed, ...said }: z.output<typeof auxiliaryFields>) {
  return data?.source === 'files' ? { ...said, data } : { ...said, seed: data?.seed ?? seed ?? 0 };
}

export const evaluationSpec = z.strictObject({
  /** Test items, from the front of the test set. */
  items: count,
  maxNewTokens: count,
  /** Name of the judge of a task that is scored by win rate; the task's own program unless told. */
  judge: name.optional(),
  /** Unrelated tasks, by their generated twins or from files, to see what training costs elsewhere. */
  auxiliary: z
    .array(auxiliaryFields)
    .min(1)
    .superRefine((all, context) => {
      for (const fault of auxiliaryFaults(all)) context.addIssue({ code: 'custom', ...fault });
    })
    .transform((all) => all.map(spellAuxiliary))
    .optional(),
});
export type EvaluationSpec = z.infer<typeof evaluationSpec>;
/** A task beside, in the one spelling that keys know: a twin by its seed, or a file. */
export type AuxiliarySpec = ReturnType<typeof spellAuxiliary>;

/** What budgets are counted in: rows that are bought, or money. */
export type BudgetUnit = 'rows' | 'usd';

/**
 * Prices in US dollars. They are in no stage's key: a new price re-runs nothing, unless budgets are money, which then
 * buys other rows.
 */
export const prices = z.strictObject({
  sftExample: z.number().nonnegative(),
  preferencePair: z.number().nonnegative(),
  verifierCall: z.number().nonnegative().default(0),
  /** What evaluating one cell costs, e.g. a judge; out of a money budget it is paid first. */
  evaluation: z.number().nonnegative().optional(),
  /** A 10^18 floating-point operations; where it is given, compute is paid out of a money budget too. */
  exaflop: z.number().nonnegative().optional(),
});
export type Prices = z.infer<typeof prices>;

/** How stages are run; in no stage's key. */
export const execution = z.strictObject({
  device: z.enum(['cpu', 'cuda']).default('cpu'),
  /** Threads of one device slot: part of the numeric plan, never read from the host. */
  threads: count.default(1),
  /** Rows of a forward and backward pass; null: as many of the effective batch as compute best together. */
  microBatchSize: count.nullable().default(null),
  checkpointEverySteps: count.default(20),
  /** Failures of infrastructure that a stage survives. */
  infrastructureRetries: z.int().nonnegative().default(10),
  /** Longest silence of a trainer between two events; by its model and job unless given. */
  stallSeconds: positive.optional(),
});
export type Execution = z.infer<typeof execution>;

const shared = {
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens, at most 63'),
  task: name,
  data: taskData,
  /** Name of the annotator whose demonstrations are bought. */
  annotator: name,
  /** "embedded", a folder in Hugging Face layout, a GGUF file, or a model of the hub: hub('owner/name'). */
  model: z.string().min(1).default('embedded'),
  sft: trainingSpec,
  preference: trainingSpec.extend({ loss: preferenceLoss }),
  pairs: pairSpec,
  /** Rows of the user's own; what stands here is bought from these files. */
  annotations: annotations.optional(),
  evaluation: evaluationSpec,
  prices,
  execution: execution.prefault({}),
};

/** One cell: one budget, one split, one seed. */
export const experimentDefinition = z.strictObject({
  ...shared,
  /** Rows. */
  budget: count,
  sftFraction: share,
  seed: z.int().nonnegative().default(0),
  /** Of a sweep over money: what the cell may spend, and on what. Its rows follow from this and not from the two above. */
  spend: z.strictObject({ usd: positive, sftSpendFraction: share }).optional(),
});
export type ExperimentDefinition = z.infer<typeof experimentDefinition>;
export type ExperimentInput = z.input<typeof experimentDefinition>;

/** Fields that no axis may change: the grid has axes of its own, and what no stage's key holds would change nothing. */
const fixedFields = [
  'budgetUnit',
  'sftSpendFractions',
  'name',
  'budgets',
  'sftFractions',
  'seeds',
  'axes',
  'search',
  'spendLimitUsd',
  'controls',
  'numFewShot',
  'sensitivityBudget',
  'prices',
  'execution',
];

const axisField = z
  .string()
  .regex(/^[a-zA-Z]\w*(\.[a-zA-Z]\w*)*$/, 'a field of the definition, such as sft.lora.rank')
  .refine((field) => !fixedFields.includes(field.split('.')[0] ?? ''), 'no axis changes this field');

const axisScalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const distinctScalars = (values: unknown[]): boolean => new Set(values.map(String)).size === values.length;
const hasFields = (object: object): boolean => Object.keys(object).length > 0;

/**
 * A further axis of a sweep: values of the field that it is named after ('sft.lora.rank': [8, 16]), or named sets of
 * changes, by field ({ short: { 'evaluation.maxNewTokens': 32 }, … }).
 */
const axis = z.union(
  [
    z.array(axisScalar).min(1, 'at least one value').refine(distinctScalars, 'each value once'),
    z
      .record(z.string(), z.record(z.string(), z.json()).refine(hasFields, 'at least one change'))
      .refine(hasFields, 'at least one named change'),
  ],
  "a list of values, such as [8, 16], or named changes, such as { short: { 'evaluation.maxNewTokens': 32 } }",
);

const longestPlace = 40;
const placeName = z
  .string()
  .refine(
    (text) => text.length <= longestPlace && isName(text),
    `a short name of ${nameRule(longestPlace)}, is needed`,
  );

/** Names that an axis has, each with where it stands: in a union of their own they could not be told apart. */
function namesIn(axisName: string, values: z.output<typeof axis>): [z.ZodType, string, string[]][] {
  if (Array.isArray(values)) return [[axisField, axisName, [axisName]]];
  const places = Object.entries(values).flatMap(([place, changes]): [z.ZodType, string, string[]][] => [
    [placeName, place, [axisName, place]],
    ...Object.keys(changes).map((field): [z.ZodType, string, string[]] => [
      axisField,
      field,
      [axisName, place, field],
    ]),
  ]);
  return [[name, axisName, [axisName]], ...places];
}

const axes = z.record(z.string(), axis).superRefine((value, context) => {
  for (const [axisName, values] of Object.entries(value))
    for (const [form, text, path] of namesIn(axisName, values))
      for (const { message } of form.safeParse(text).error?.issues ?? [])
        context.addIssue({ code: 'custom', path, message });
});

/**
 * Controls, as ready cells:
 *
 * | kind | what | beside |
 * |---|---|---|
 * | sft-on-chosen | plain SFT on the chosen answers of the pairs, from the same warm start | every winning mixture |
 * | rejection-sampling | plain SFT on as many right samples of the same warm start | every winning mixture |
 * | few-shot | the untrained base with demonstrations in its prompt | the smallest budget |
 * | dpo-nll | DPO with a cross-entropy term on the chosen answers, weight 1 | r = 0 at every budget |
 * | learning-rate, beta | preference tuning with half and twice of it | all splits with pairs, at one budget |
 */
const controlKinds = [
  'sft-on-chosen',
  'rejection-sampling',
  'few-shot',
  'dpo-nll',
  'learning-rate',
  'beta',
] as const;
export type ControlKind = (typeof controlKinds)[number];

/** Which cells of the grid are run: all of them, or those that a search asks for. */
const searchSpec = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('grid') }),
  /** Looks for the best split of each budget. */
  z.strictObject({
    method: z.literal('adaptive'),
    /** Regret that does not matter, in the score's units. */
    regretTolerance: share.default(0.02),
    /** Stop searching a budget when P(regret < tolerance) reaches this. */
    confidence: share.default(0.9),
    /** Most that the search may cost, as a fraction of the whole grid's modelled device time. */
    maxCostFraction: share.default(0.5),
  }),
  /** Runs the whole grid on the small model of `axes.model`, then its near-optimal region on the large one. */
  z.strictObject({
    method: z.literal('proxy'),
    /** A fraction is near-optimal if its score is at least (1 − epsilon) × the best. */
    epsilon: share.default(0.05),
  }),
]);
export type SearchSpec = z.infer<typeof searchSpec>;

const distinct = (values: readonly unknown[]): boolean => new Set(values).size === values.length;

const sweepFields = z.strictObject({
  ...shared,
  /** Rows, or where `budgetUnit` says so US dollars; `usd(…)` sets it. */
  budgets: z.array(z.number()).min(1).refine(distinct, 'each budget once'),
  budgetUnit: z.literal('usd').optional(),
  /** Shares of the rows that are demonstrations; for budgets in rows. */
  sftFractions: z.array(share).refine(distinct, 'each fraction once').default([]),
  /** Shares of the money that buys demonstrations; for budgets in money. */
  sftSpendFractions: z.array(share).min(1).refine(distinct, 'each share once').optional(),
  seeds: z.array(z.int().nonnegative()).min(1).refine(distinct, 'each seed once').default([0]),
  /** Further axes by name: model, annotator, sft.lora.rank, preference.learningRate, task … */
  axes: axes.optional(),
  /** Default: the whole grid. */
  search: searchSpec.prefault({ method: 'grid' }),
  /** What a sceptic asks for beside the cells. */
  controls: z.array(z.enum(controlKinds)).refine(distinct, 'each control once').default(['sft-on-chosen']),
  /** Demonstrations in the prompt of the control `few-shot`; 4 unless told. */
  numFewShot: count.optional(),
  /** Budget at which the controls `learning-rate` and `beta` are run, one of `budgets`. Default: the largest. */
  sensitivityBudget: positive.optional(),
  /** Largest difference in score that does not matter, fixed before the run. */
  equivalenceMargin: share.default(0.02),
  /** Budgets up to this one count as low, those from `largeBudgetMin` on as large. */
  smallBudgetMax: positive.optional(),
  largeBudgetMin: positive.optional(),
  /** Annotation money that the sweep may spend, in US dollars: no cell is begun that could pass it. */
  spendLimitUsd: z.number().positive().optional(),
});
type SweepFields = z.output<typeof sweepFields>;

/** A share of rows is no share of money: each kind of budget has its own field of shares. */
function shareFaults({ budgetUnit, sftFractions, sftSpendFractions }: SweepFields): Fault[] {
  const [own, other] =
    budgetUnit === 'usd'
      ? (['sftSpendFractions', 'sftFractions'] as const)
      : (['sftFractions', 'sftSpendFractions'] as const);
  const given = { sftFractions: sftFractions.length > 0, sftSpendFractions: sftSpendFractions !== undefined };
  const unit = budgetUnit === 'usd' ? 'money' : 'rows';
  return [
    ...(given[own] ? [] : [{ path: [own], message: `budgets in ${unit} are split by ${own}` }]),
    ...(given[other] ? [{ path: [other], message: `budgets in ${unit} are split by ${own}` }] : []),
  ];
}

function tuningFaults({ budgets, sensitivityBudget }: SweepFields): Fault[] {
  if (sensitivityBudget === undefined || budgets.includes(sensitivityBudget)) return [];
  return [{ path: ['sensitivityBudget'], message: `one of the budgets is needed: ${budgets.join(', ')}` }];
}

/** A grid of cells: budgets × fractions × seeds. */
export const sweepDefinition = sweepFields.superRefine((definition, context) => {
  const amount = definition.budgetUnit === 'usd' ? positive : count;
  const checked = z.array(amount).safeParse(definition.budgets);
  for (const issue of checked.error?.issues ?? [])
    context.addIssue({ ...issue, path: ['budgets', ...issue.path] });
  for (const fault of [...shareFaults(definition), ...tuningFaults(definition)])
    context.addIssue({ code: 'custom', ...fault });
});
export type SweepDefinition = z.infer<typeof sweepDefinition>;
export type SweepInput = Omit<z.input<typeof sweepDefinition>, 'budgets'> & {
  readonly budgets: readonly (number | Usd)[];
};
