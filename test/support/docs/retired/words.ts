/**
 * Where a word is retired:
 *
 * | place | what is searched |
 * |---|---|
 * | name | whole names: fields, values, options, types and their members, events, error codes, code on pages |
 * | part | the same names, word by word: `besideRows` has the part "beside" |
 * | field | fields of a definition, and `field:` in code on pages; elsewhere the name is fine |
 * | member | members of public types, as `Type.member` |
 * | metric | names that the trainer logs |
 * | text | prose: help, doc comments, texts of errors, pages |
 */
export type Place = 'name' | 'part' | 'field' | 'member' | 'metric' | 'text';

export interface RetiredWord {
  /** In any spelling: `batch rows` is batchRows, batch_rows and --batch-rows too; `(s)` is an optional plural. */
  readonly old: string;
  readonly now: string;
  readonly places: readonly Place[];
}

const list = (places: readonly Place[], words: Readonly<Record<string, string>>): RetiredWord[] =>
  Object.entries(words).map(([old, now]) => ({ old, now, places }));

/** Former terms; the glossary has the same table. */
export const formerTerms: readonly RetiredWord[] = [
  ...list(['part', 'text'], {
    beside: 'auxiliary; in prose "also", "next to", "with"',
    'twin(s)': 'synthetic',
    thumbs: 'unpaired',
    'own correct': 'best-sample',
    'own wrong': 'rejected',
    'checker(s)': 'verifier',
    'right sample(s)': 'rejection sample',
    'hole(s)': 'failed cell',
    rambling: 'truncated',
    story: 'run history, timeline',
    'sceptic(s)': 'reviewer',
    'rung(s)': 'micro-batch reduction',
    told: 'reported, recorded',
    tells: 'reports, says',
    harvest: 'collect samples',
    purse: 'spend tracker',
  }),
  ...list(['name', 'text'], {
    'cost share': 'maxCostFraction',
    'low budget': 'smallBudgetMax',
    'batch rows': 'batchSize',
    'micro batch rows': 'microBatchSize',
    'clip norm': 'maxGradNorm',
    'final learning rate ratio': 'minLearningRateRatio',
    'rank stabilised': 'useRslora',
    'drop oldest': 'truncate',
    'not begun': 'skipped',
    'demonstrate all': 'annotateBatch',
    'compare all': 'compareBatch',
    'by the batch': 'in batches',
    'sigmoid nll': 'sigmoid with sftWeight',
    cdpo: 'sigmoid with labelSmoothing',
    'nll weight': 'sftWeight',
    'few shot examples': 'numFewShot',
    'tuning budget': 'sensitivityBudget',
    'sft spend share(s)': 'sftSpendFractions',
    'strip calculator': 'stripCalculationAnnotations',
  }),
  ...list(['name'], {
    'large budget': 'largeBudgetMin',
    licence: 'license',
    'over length': 'onOverlength',
    outside: 'resolvedInputs',
  }),
  ...list(['part'], { tell: 'record', telling: 'record', crop: 'sampleFilter' }),
  ...list(['field'], {
    strategy: 'search: { method }',
    regret: 'regretTolerance',
    delta: 'equivalenceMargin',
    schedule: 'lrSchedule',
    'spend limit': 'spendLimitUsd',
    refuse: 'error',
    cut: 'truncate',
  }),
  ...list(['member'], {
    'Assessment.formatted': 'wellFormed',
    'TaskInput.expected': 'target',
    'TaskInput.assess': 'score',
    'TaskInput.skeleton': 'dedupKey',
    'TaskInput.content': 'leakageText',
    'TaskInput.sides': 'comparison',
  }),
  ...list(['metric'], {
    'rewards/margin': 'rewards/margins',
    'rewards/accuracy': 'rewards/accuracies',
    token_accuracy: 'mean_token_accuracy',
    lr: 'learning_rate',
  }),
];

/** Habits of prose. */
const habits = list(['text'], {
  'unless told': 'Default: …',
  'is no number': 'is not a number',
  'of a stage that': 'Data stages only: …',
  'goes by': 'uses, is',
  'held against': 'compared with',
  surely: 'significantly',
  'beyond doubt': 'significantly',
  lies: 'is',
  stands: 'is',
  'so many': 'the number',
  'such a': 'a, this',
  whoever: 'the name of the thing',
  somebody: 'the name of the person or program',
  "one's own": 'your own',
});

/** Names that others gave: IFEval's identifiers of instructions. */
export const foreignNames: readonly string[] = ['startend:end_checker'];

export const retiredWords: readonly RetiredWord[] = [...formerTerms, ...habits];
