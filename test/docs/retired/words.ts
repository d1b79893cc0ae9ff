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
  /** In any spelling: `batch rows` is batchRows, batch_rows and --batch-rows too. */
  readonly old: string;
  readonly now: string;
  readonly places: readonly Place[];
}

const list = (places: readonly Place[], words: Readonly<Record<string, string>>): RetiredWord[] =>
  Object.entries(words).map(([old, now]) => ({ old, now, places }));

/** Words that had a meaning of their own here; the glossary says what to read for them. */
const terms: readonly RetiredWord[] = [
  ...list(['part', 'text'], {
    beside: 'auxiliary; in prose "also", "next to", "with"',
    twin: 'synthetic',
    twins: 'synthetic',
    thumbs: 'unpaired',
    'own correct': 'policy-correct',
    'own wrong': 'policy-incorrect',
    checker: 'verifier',
    checkers: 'verifiers',
    'right sample': 'rejection sample',
    'right samples': 'rejection samples',
    hole: 'failed cell',
    holes: 'failed cells',
    rambling: 'truncated',
    story: 'run history, timeline',
    sceptic: 'reviewer',
    rung: 'micro-batch reduction',
    rungs: 'micro-batch reductions',
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
    'over length': 'onOverlength',
    'drop oldest': 'truncate',
    'not begun': 'skipped',
    'demonstrate all': 'annotateBatch',
    'compare all': 'compareBatch',
    'by the batch': 'in batches',
    'sigmoid nll': 'sigmoid with sftWeight',
  }),
  ...list(['name'], { 'large budget': 'largeBudgetMin', outside: 'resolvedInputs' }),
  ...list(['part'], { tell: 'record', telling: 'record', crop: 'sampleFilter' }),
  ...list(['field'], {
    strategy: 'search: { method }',
    regret: 'regretTolerance',
    delta: 'equivalenceMargin',
    schedule: 'lrSchedule',
    refuse: 'error',
    cut: 'truncate',
    'nll weight': 'sftWeight',
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
  'one’s own': 'your own',
});

export const retiredWords: readonly RetiredWord[] = [...terms, ...habits];
