import type { CodeRole } from '../../core/code';
import type { AnnotatorIdentity } from '../../contracts/provenance';
import { taskQueues, type PlannedStage, type Work } from '../../contracts/stage';
import { quoted } from '../calls';
import { sourcesFor } from '../code';
import { defineBuiltInStage, type StageContext } from '../define';
import { filePaths, outputOf, taskSource } from '../parts';
import { ownName, pinEvaluation, questionSets } from '../question-sets';
import { type AnswersLoad, evaluationResources } from '../resources';
import { generating } from '../work';
import type { EvaluateSpec } from './spec';

const kind = 'evaluate';

/** A call of the kind. */
export interface EvaluateCall {
  readonly reference: PlannedStage<'model'>;
  /** Adapter trained on top of the reference. Left out: evaluates the reference itself. */
  readonly adapter?: PlannedStage<'adapter'>;
  /** Demonstrations to put before every question. */
  readonly fewShot?: PlannedStage<'rows'>;
}

const roles: readonly CodeRole[] = ['problems', 'grading', 'judge'];

const withoutDevice: readonly AnnotatorIdentity['kind'][] = ['endpoint', 'people'];

const judgeKinds = ({ judge, auxiliaryJudges = {} }: StageContext['resolved']) =>
  [judge, ...Object.values(auxiliaryJudges)].map((each) => each?.kind ?? 'program');

/** Whether the evaluation waits for endpoints or people, and no judge needs a device. */
function isJudgedOffDevice(kinds: readonly AnnotatorIdentity['kind'][]): boolean {
  return !kinds.includes('checkpoint') && kinds.some((one) => withoutDevice.includes(one));
}

/** The sum of the question sets' work; they have one rate. */
function workOf(spec: EvaluateSpec): Work {
  const [first, ...others] = questionSets(spec).map(({ items, maxNewTokens }) =>
    generating(items, maxNewTokens),
  ) as [Work, ...Work[]];
  return { ...first, tokens: others.reduce((sum, { tokens }) => sum + tokens, first.tokens) };
}

/** Few-shot demonstrations are before the questions of the first set, the main task's. */
const answersOf = (spec: EvaluateSpec): AnswersLoad[] =>
  questionSets(spec).map(({ items, maxNewTokens }, at) => ({
    answers: items,
    maxNewTokens,
    fewShot: at === 0 ? spec.fewShot : 0,
  }));

/** Greedy evaluation on the first items of the task's test set. */
export const evaluate = defineBuiltInStage({
  kind,
  makes: 'scores',
  revision: () => 4,
  label: ['evaluation', 'evaluations'],
  does: 'Evaluates a model on test items',
  learnsFrom: null,
  describeRows: null,
  plan(context, { reference, adapter, fewShot }: EvaluateCall) {
    const { resolved } = context;
    const judges = judgeKinds(resolved);
    const offDevice = isJudgedOffDevice(judges);
    const otherModel = judges.includes('checkpoint');
    const spec: EvaluateSpec = {
      kind,
      ...taskSource(context, roles),
      evaluation: pinEvaluation(resolved),
      fewShot: fewShot?.rows?.count,
      judgeDigest: resolved.judge?.digest,
    };
    const shown = fewShot === undefined ? '' : `, ${quoted(fewShot)} before each`;
    return {
      spec,
      inputs: {
        reference: outputOf(reference),
        adapter: adapter && outputOf(adapter),
        data: fewShot && outputOf(fewShot),
      },
      title: `Evaluation on ${resolved.definition.evaluation.items} items${shown}`,
      queue: offDevice ? taskQueues.cpu : taskQueues.gpu,
      work: workOf(spec),
      resources: evaluationResources(context, { sets: answersOf(spec), otherModel }),
      rows: null,
      optimiserSteps: null,
      mayExceed: offDevice,
      judged: questionSets(spec).flatMap(({ judge, items }) => (judge === undefined ? [] : { judge, items })),
      files: filePaths(context),
      ...sourcesFor(resolved, ownName, roles),
      judgedOffDevice: offDevice ? true : undefined,
    };
  },
});
