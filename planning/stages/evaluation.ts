import type { CodeRole } from '../../contracts/code';
import type { PlannedStage } from '../../contracts/stage';
import type { AnnotatorIdentity } from '../../contracts/provenance';
import { sourcesFor } from '../code';
import { ownName, pinEvaluation } from '../question-sets';
import { filePaths, makeStage, outputOf, type StageContext, taskSource } from './parts';

export interface EvaluateStageOptions {
  readonly reference: PlannedStage<'freezeReference'>;
  /** Adapter trained on top of the reference; null evaluates the reference itself. */
  readonly adapter: PlannedStage<'trainSft' | 'trainPreference'> | null;
  /** Demonstrations to put before every question. */
  readonly fewShot?: PlannedStage<'synthesizeData'>;
}

const roles: readonly CodeRole[] = ['problems', 'grading', 'judge'];

const withoutDevice: readonly AnnotatorIdentity['kind'][] = ['endpoint', 'people'];

/** Whether the evaluation waits for endpoints or people, and no judge needs a device. */
function isJudgedOffDevice({ judge, auxiliaryJudges = {} }: StageContext['resolved']): boolean {
  const kinds = [judge, ...Object.values(auxiliaryJudges)].map((each) => each?.kind ?? 'program');
  return !kinds.includes('checkpoint') && kinds.some((kind) => withoutDevice.includes(kind));
}

/** Greedy evaluation on the first items of the task's test set. */
export function evaluateStage(
  context: StageContext,
  { reference, adapter, fewShot }: EvaluateStageOptions,
): PlannedStage<'evaluate'> {
  const { definition, judge } = context.resolved;
  const { evaluation } = definition;
  const shots = fewShot === undefined ? {} : { fewShot: fewShot.spec.rows };
  const shown = fewShot === undefined ? '' : `, ${fewShot.title} before each`;
  return makeStage('evaluate', {
    spec: {
      kind: 'evaluate',
      ...taskSource(context, roles),
      evaluation: pinEvaluation(context.resolved),
      ...shots,
      ...(judge === undefined ? {} : { judgeDigest: judge.digest }),
    },
    inputs: {
      reference: outputOf(reference),
      ...(adapter === null ? {} : { adapter: outputOf(adapter) }),
      ...(fewShot === undefined ? {} : { data: outputOf(fewShot) }),
    },
    files: filePaths(context),
    ...sourcesFor(context.resolved, ownName, roles),
    title: `Evaluation on ${evaluation.items} items${shown}`,
    ...(isJudgedOffDevice(context.resolved) ? { judgedOffDevice: true } : {}),
  });
}
