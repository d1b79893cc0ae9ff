import type { CodeRole } from '../../core/code';
import { taskQueues, type PlannedStage } from '../../contracts/stage';
import { isUserLoss, lossFacts } from '../../losses/facts';
import { codeFor, sourcesFor } from '../code';
import { defineBuiltInStage, type StageContext } from '../define';
import { stageSeed } from '../keys';
import { outputOf, plainFacts } from '../parts';
import { ownName } from '../question-sets';
import { rates } from '../rates';
import { trainingRevision } from '../training-revision';
import { countRows, optimiserSteps, training as trainingWork } from '../work';
import type { TrainPreferenceSpec } from './spec';

const kind = 'trainPreference';

/** A call of the kind. */
export interface TrainPreferenceCall {
  /** The frozen model that training starts from; also the reference model of the loss. */
  readonly reference: PlannedStage<'model'>;
  readonly data: PlannedStage<'rows'>;
}

const lossOnly: readonly CodeRole[] = ['loss'];

/** The loss in a stage's key: of a user's loss its code and options, and not its path. */
function keyedLoss({ resolved }: StageContext): Pick<TrainPreferenceSpec, 'loss' | 'code'> {
  const { loss } = resolved.definition.preference;
  if (!isUserLoss(loss)) return { loss };
  return {
    loss: { ...loss, module: undefined },
    ...codeFor(resolved, ownName, lossOnly),
  };
}

/** Path and sources of a user's loss, which are not in the key. */
function unkeyedLoss({ resolved }: StageContext) {
  if (!isUserLoss(resolved.definition.preference.loss)) return {};
  return { files: { loss: resolved.loss?.path ?? '' }, ...sourcesFor(resolved, ownName, lossOnly) };
}

/** Preference tuning with the definition's `preference` settings. */
export const trainPreference = defineBuiltInStage({
  kind,
  makes: 'adapter',
  revision: trainingRevision,
  label: ['preference-tuning run', 'preference-tuning runs'],
  does: 'Preference tuning against the reference',
  learnsFrom: 'pairs',
  describeRows: null,
  plan(context, { reference, data }: TrainPreferenceCall) {
    const { loss, ...training } = context.resolved.definition.preference;
    const count = countRows(data);
    const seed = stageSeed(context.seed, kind);
    const spec: TrainPreferenceSpec = { kind, ...keyedLoss(context), training, seed, dtype: 'f32' };
    return {
      ...plainFacts,
      ...unkeyedLoss(context),
      spec,
      inputs: { reference: outputOf(reference), data: outputOf(data) },
      title: `${lossFacts(loss, context.resolved.loss?.facts).title} on ${count} pairs`,
      queue: taskQueues.gpu,
      work: trainingWork(2 * count, training, rates.preferenceTokensPerSecond),
      optimiserSteps: optimiserSteps(count, training),
    };
  },
});
