import type { AnnotatorIdentity } from '../../contracts/provenance';
import { countOf } from '../../contracts/text';
import { taskQueues, type PlannedStage, type StageInputs, type Work } from '../../contracts/stage';
import { canonicalJson } from '../../core/canonical-json';
import { ownField } from '../../core/names';
import { assertCall, quoted, refuseCall, stageThatMakes } from '../calls';
import { sourcesFor } from '../code';
import { defineBuiltInStage, planStage, type StageContext, type StageParts } from '../define';
import { differences, withDifferences } from '../differences';
import { count, isFilled, oneOf, optional } from '../forms';
import { freezeReference } from '../freeze-reference';
import { inputDigest } from '../keys';
import { filePaths, outputOf, trainedOn } from '../parts';
import { ownName, type QuestionSet, questionSets } from '../question-sets';
import { type AnswersLoad, evaluationResources } from '../resources';
import { generating } from '../work';
import { roles, select, type Selection } from './selection';
import type { EvaluateSpec } from './spec';

const kind = 'evaluate';

/** A call of the kind. */
export interface EvaluateCall extends Selection {
  readonly reference: PlannedStage<'model'>;
  /** Adapter trained on top of the reference. Left out: evaluates the reference itself. */
  readonly adapter?: PlannedStage<'adapter'>;
  /** Demonstrations to put before every question of the trained task. */
  readonly fewShot?: PlannedStage<'rows'>;
}

const forms = {
  reference: stageThatMakes('model'),
  adapter: optional(stageThatMakes('adapter')),
  fewShot: optional(stageThatMakes('rows')),
  split: optional(oneOf('validation', 'test')),
  task: optional([isFilled, 'the name of an auxiliary task']),
  items: optional(count),
  maxNewTokens: optional(count),
};

const withoutDevice: readonly AnnotatorIdentity['kind'][] = ['endpoint', 'people'];

/** The judge of each set. */
const judgeKinds = (
  { judge, auxiliaryJudges = {} }: StageContext['resolved'],
  sets: readonly QuestionSet[],
): readonly AnnotatorIdentity['kind'][] =>
  sets.map(({ name }) => (name === ownName ? judge : ownField(auxiliaryJudges, name))?.kind ?? 'program');

/** Whether the evaluation waits for endpoints or people, and no judge needs a device. */
function isJudgedOffDevice(kinds: readonly AnnotatorIdentity['kind'][]): boolean {
  return !kinds.includes('checkpoint') && kinds.some((one) => withoutDevice.includes(one));
}

/** The sum of the question sets' work; they have one rate. */
function workOf(context: StageContext, sets: readonly QuestionSet[]): Work {
  const [first, ...others] = sets.map(({ items, maxNewTokens }) =>
    generating(context, items, maxNewTokens),
  ) as [Work, ...Work[]];
  return { ...first, tokens: others.reduce((sum, { tokens }) => sum + tokens, first.tokens) };
}

/** Few-shot demonstrations are before the questions of the trained task. */
const answersOf = (sets: readonly QuestionSet[], { fewShot }: EvaluateSpec): AnswersLoad[] =>
  sets.map(({ name, items, maxNewTokens }) => ({
    answers: items,
    maxNewTokens,
    fewShot: name === ownName ? fewShot : 0,
  }));

/** The base model that a reference is, if nothing was merged into it. */
function unchangedBase(reference: PlannedStage<'model'>): string | undefined {
  const { base, adapter } = reference.inputs;
  const isBase = reference.kind === freezeReference.kind && adapter === undefined;
  return isBase && base !== undefined ? inputDigest(base) : undefined;
}

/** Only demonstrations are a question and its answer. */
function assertDemonstrations(fewShot: PlannedStage<'rows'>): void {
  const format = fewShot.rows?.format;
  if (format === 'demonstrations') return;
  const reason = `${quoted(fewShot)} makes ${format ?? 'no'} rows, and demonstrations are needed`;
  throw refuseCall(kind, [{ field: 'fewShot', reason }]);
}

/** An adapter only works on the model that it was trained on. */
function assertTrainedOn(reference: PlannedStage<'model'>, adapter: PlannedStage<'adapter'>): void {
  const base = trainedOn(adapter);
  if (base === undefined || [reference.key, unchangedBase(reference)].includes(inputDigest(base))) return;
  const reason = `"${adapter.title}" was trained on another model than "${reference.title}"`;
  throw refuseCall(kind, [{ field: 'adapter', reason }]);
}

/** @param before the few-shot demonstrations, in words */
function titleOf({ evaluation, split, only }: EvaluateSpec, before: string | undefined): string {
  const what = only === undefined ? `${split ?? 'test'} items` : `items of ${only}`;
  return `Evaluation on ${evaluation.items} ${what}${before === undefined ? '' : `, ${before} before each`}`;
}

/** The longest answer, where the call changes it. */
function longestDiffers({ resolved }: StageContext, { evaluation, only }: EvaluateSpec): string[] {
  const { auxiliary = [], maxNewTokens } = evaluation;
  const usual = only === undefined ? resolved.definition.evaluation : auxiliary[0];
  return differences({ maxNewTokens: usual?.maxNewTokens }, { maxNewTokens });
}

/** What the spec says of a stage. */
function factsOf(context: StageContext, spec: EvaluateSpec) {
  const { resolved } = context;
  const sets = questionSets(spec);
  const judges = judgeKinds(resolved, sets);
  const offDevice = isJudgedOffDevice(judges);
  const otherModel = judges.includes('checkpoint');
  return {
    queue: offDevice ? taskQueues.cpu : taskQueues.gpu,
    work: workOf(context, sets),
    resources: evaluationResources(context, { sets: answersOf(sets, spec), otherModel }),
    rows: null,
    optimiserSteps: null,
    mayExceed: offDevice,
    judged: sets.flatMap(({ judge, items }) => (judge === undefined ? [] : { judge, items })),
    files: filePaths(context),
    ...sourcesFor(resolved, spec.only ?? ownName, roles),
    judgedOffDevice: offDevice ? (true as const) : undefined,
  };
}

function plan(context: StageContext, call: EvaluateCall): StageParts<EvaluateSpec> {
  assertCall(kind, call, forms);
  const { reference, adapter, fewShot, ...selection } = call;
  if (adapter !== undefined) assertTrainedOn(reference, adapter);
  if (fewShot !== undefined) assertDemonstrations(fewShot);
  const asked = select(context, selection);
  if (fewShot !== undefined && asked.only !== undefined)
    throw refuseCall(kind, [{ field: 'fewShot', reason: 'has no effect on an auxiliary task' }]);
  const spec: EvaluateSpec = { ...asked, fewShot: fewShot?.rows?.count };
  return {
    spec,
    inputs: {
      reference: outputOf(reference),
      adapter: adapter && outputOf(adapter),
      data: fewShot && outputOf(fewShot),
    },
    title: withDifferences(titleOf(spec, fewShot && quoted(fewShot)), longestDiffers(context, spec)),
    ...factsOf(context, spec),
  };
}

/**
 * Whether an evaluation scores models as the definition says: scores of cells are compared item by item, so these must be
 * the same.
 */
export function isDefinitionsEvaluation(stage: PlannedStage, context: StageContext): boolean {
  if (stage.kind !== kind) return false;
  const { evaluation, split, only } = stage.spec as EvaluateSpec;
  const own = select(context, {});
  return (
    canonicalJson([evaluation, split ?? null, only ?? null]) ===
    canonicalJson([own.evaluation, own.split ?? null, null])
  );
}

/** Greedy evaluation on the first items of a set. */
export const evaluate = defineBuiltInStage({
  kind,
  makes: 'scores',
  revision: () => 4,
  first: { revision: () => 4 },
  label: ['evaluation', 'evaluations'],
  does: 'Evaluates a model on validation or test items',
  learnsFrom: null,
  describeRows: null,
  plan,
});

/** The model that an evaluation scored, and the number of demonstrations in its prompt. */
export interface ScoredModel extends Pick<EvaluateSpec, 'fewShot'> {
  readonly inputs: StageInputs;
}

export const scoredModel = ({ inputs, spec }: PlannedStage): ScoredModel => ({
  inputs,
  fewShot: (spec as EvaluateSpec).fewShot,
});

/** The evaluation of the same model on test items of the trained task. */
export function testEvaluation(
  context: StageContext,
  { inputs, fewShot }: ScoredModel,
): PlannedStage<'scores', EvaluateSpec> {
  const parts = (): StageParts<EvaluateSpec> => {
    const spec: EvaluateSpec = { ...select(context, { split: 'test' }), fewShot };
    const before = fewShot === undefined ? undefined : countOf(fewShot, 'demonstration');
    return { spec, inputs, title: titleOf(spec, before), ...factsOf(context, spec) };
  };
  return planStage({ ...evaluate, plan: parts }, context, {});
}
