import { taskQueues, type PlannedStage } from '../../contracts/stage';
import type { TrainingSettings } from '../../schemas/training';
import { assertCall, refuseCall, stageThatMakes } from '../calls';
import { sourcesFor } from '../code';
import { defineBuiltInStage, type StageContext } from '../define';
import { differences, withDifferences } from '../differences';
import { oneOf, optional } from '../forms';
import { heldOutParts } from '../held-out';
import { stageSeed } from '../keys';
import { baseModel, outputOf, plainFacts } from '../parts';
import { ownName } from '../question-sets';
import { rates } from '../rates';
import { trainingResources } from '../resources';
import { firstTrainingRevision, trainingRevision } from '../training-revision';
import { trainingForms, trainingOf, wrongLora } from '../training-settings';
import { countRows, optimiserSteps, training as trainingWork } from '../work';
import type { TrainSftSpec } from './spec';

const kind = 'trainSft';

/** A call of the kind. Any field of the definition's `sft` replaces its value for this call. */
export interface TrainSftCall extends TrainingSettings {
  readonly data: PlannedStage<'rows'>;
  /** Model to tune. Default: the definition's base model. */
  readonly base?: PlannedStage<'model'>;
  /** Column to learn from; 'chosen' for the chosen answers of pairs. Default: 'completion'. */
  readonly column?: TrainSftSpec['column'];
}

const forms = {
  data: stageThatMakes('rows'),
  base: optional(stageThatMakes('model')),
  column: optional(oneOf('completion', 'chosen')),
  ...trainingForms,
};

/** Pairs have chosen answers, and other rows have completions. */
function assertColumn(data: PlannedStage<'rows'>, column: TrainSftSpec['column']): void {
  const format = data.rows?.format;
  if ((format === 'preferences') === (column === 'chosen')) return;
  const reason =
    format === 'preferences'
      ? `"${data.title}" are pairs; column: 'chosen' learns from their chosen answers, or pass demonstrations`
      : `"${data.title}" have no chosen answers; leave column: 'chosen' out, or pass pairs`;
  throw refuseCall(kind, [{ field: 'data', reason }]);
}

function plan(context: StageContext, call: TrainSftCall) {
  assertCall(kind, call, forms, wrongLora(call));
  const { data, base, column = 'completion', ...settings } = call;
  assertColumn(data, column);
  const { sft } = context.resolved.definition;
  const training = trainingOf(sft, settings);
  const count = countRows(data);
  const steps = optimiserSteps(count, training);
  const title = `SFT on ${count} ${column === 'chosen' ? 'chosen answers' : (data.rows?.noun ?? 'rows')}`;
  const { heldOut, files, roles } = heldOutParts(context);
  const seed = stageSeed(context.seed, kind);
  const spec: TrainSftSpec = { kind, column, training, heldOut, seed, dtype: 'f32' };
  return {
    ...plainFacts,
    files,
    ...sourcesFor(context.resolved, ownName, roles),
    spec,
    inputs: { base: base === undefined ? baseModel(context) : outputOf(base), data: outputOf(data) },
    title: withDifferences(title, differences(sft, training)),
    queue: taskQueues.gpu,
    work: trainingWork(context, count, training, rates.sftTokensPerSecond),
    resources: trainingResources(context, { training, rows: count, optimiserSteps: steps }),
    optimiserSteps: steps,
  };
}

/** Supervised fine-tuning. */
export const trainSft = defineBuiltInStage({
  kind,
  makes: 'adapter',
  revision: trainingRevision,
  first: { revision: firstTrainingRevision },
  label: ['SFT run', 'SFT runs'],
  does: 'Supervised fine-tuning',
  learnsFrom: 'demonstrations',
  describeRows: null,
  plan,
});
