import { lossTitle } from '../../contracts/loss-titles';
import { taskQueues, type PlannedStage } from '../../contracts/stage';
import { defineStage } from '../define';
import { stageSeed } from '../keys';
import { outputOf, plainFacts } from '../parts';
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

/** Preference tuning with the definition's `preference` settings. */
export const trainPreference = defineStage({
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
    const spec: TrainPreferenceSpec = { kind, loss, training, seed, dtype: 'f32' };
    return {
      ...plainFacts,
      spec,
      inputs: { reference: outputOf(reference), data: outputOf(data) },
      title: `${lossTitle(loss)} on ${count} pairs`,
      queue: taskQueues.gpu,
      work: trainingWork(2 * count, training, rates.preferenceTokensPerSecond),
      optimiserSteps: optimiserSteps(count, training),
    };
  },
});
