import type { CodeRole } from '../../core/code';
import { taskQueues, type PlannedStage } from '../../contracts/stage';
import { isUserLoss, type LossFacts, lossFacts } from '../../losses/facts';
import type { PreferenceLoss } from '../../schemas/losses';
import type { TrainingSettings } from '../../schemas/training';
import { assertCall, refuseCall, stageThatMakes } from '../calls';
import { codeFor, sourcesFor } from '../code';
import { defineBuiltInStage, type StageContext } from '../define';
import { differences, withDifferences } from '../differences';
import { heldOutParts, type HeldOutParts } from '../held-out';
import { stageSeed } from '../keys';
import { outputOf, plainFacts } from '../parts';
import { ownName } from '../question-sets';
import { rates } from '../rates';
import { trainingResources } from '../resources';
import { firstTrainingRevision, trainingRevision } from '../training-revision';
import { trainingForms, trainingOf, wrongLora } from '../training-settings';
import { countRows, optimiserSteps, training as trainingWork } from '../work';
import { lossDifferences, lossForms, type LossSettings, lossOf, wrongLoss } from './loss-settings';
import type { TrainPreferenceSpec } from './spec';

const kind = 'trainPreference';

/** A call of the kind. Any field of the definition's `preference` replaces its value for this call. */
export interface TrainPreferenceCall extends TrainingSettings, LossSettings {
  /** The frozen model that training starts from; also the reference model of the loss. */
  readonly reference: PlannedStage<'model'>;
  readonly data: PlannedStage<'rows'>;
}

const forms = {
  reference: stageThatMakes('model'),
  data: stageThatMakes('rows'),
  ...trainingForms,
  ...lossForms,
};

const lossOnly: readonly CodeRole[] = ['loss'];

/** The loss in a stage's key: of a user's loss its code and options, and not its path. */
function keyedLoss(
  { resolved }: StageContext,
  loss: PreferenceLoss,
): Pick<TrainPreferenceSpec, 'loss' | 'code'> {
  if (!isUserLoss(loss)) return { loss };
  return {
    loss: { ...loss, module: undefined },
    ...codeFor(resolved, ownName, lossOnly),
  };
}

/** Paths and sources of the task and of a user's loss, which are not in the key. */
function unkeyed({ resolved }: StageContext, loss: PreferenceLoss, { files, roles }: HeldOutParts) {
  if (!isUserLoss(loss)) return { files, ...sourcesFor(resolved, ownName, roles) };
  return {
    files: { ...files, loss: resolved.loss?.path ?? '' },
    ...sourcesFor(resolved, ownName, [...roles, ...lossOnly]),
  };
}

/** Losses of pairs cannot learn from unpaired answers. */
function assertRows(data: PlannedStage<'rows'>, { title, rows }: LossFacts): void {
  const format = data.rows?.format;
  if (format === 'preferences' || (format === 'unpaired' && rows === 'unpaired')) return;
  const reason = `"${data.title}" are ${format ?? 'not rows'}, and ${title} learns from ${rows === 'pairs' ? 'pairs' : 'pairs or unpaired answers'}`;
  throw refuseCall(kind, [{ field: 'data', reason }]);
}

function plan(context: StageContext, call: TrainPreferenceCall) {
  assertCall(kind, call, forms, [...wrongLora(call), ...wrongLoss(call)]);
  const { reference, data, beta, loss: given, ...settings } = call;
  const { loss: before, ...defined } = context.resolved.definition.preference;
  const loss = lossOf(before, { beta, loss: given });
  const training = trainingOf(defined, settings);
  const facts = lossFacts(loss, context.resolved.loss?.facts);
  assertRows(data, facts);
  const count = countRows(data);
  const title = `${facts.title} on ${count} pairs`;
  const changed = [...lossDifferences(before, loss), ...differences(defined, training)];
  const seed = stageSeed(context.seed, kind);
  const steps = optimiserSteps(count, training);
  const held = heldOutParts(context);
  const { heldOut } = held;
  const spec: TrainPreferenceSpec = {
    kind,
    ...keyedLoss(context, loss),
    training,
    heldOut,
    seed,
    dtype: 'f32',
  };
  return {
    ...plainFacts,
    ...unkeyed(context, loss, held),
    spec,
    inputs: { reference: outputOf(reference), data: outputOf(data) },
    title: withDifferences(title, changed),
    queue: taskQueues.gpu,
    work: trainingWork(context, 2 * count, training, rates.preferenceTokensPerSecond),
    resources: trainingResources(context, { training, rows: count, optimiserSteps: steps, pairs: true }),
    optimiserSteps: steps,
  };
}

/** Preference tuning. */
export const trainPreference = defineBuiltInStage({
  kind,
  makes: 'adapter',
  revision: trainingRevision,
  first: { revision: firstTrainingRevision },
  label: ['preference-tuning run', 'preference-tuning runs'],
  does: 'Preference tuning against the reference',
  learnsFrom: 'pairs',
  describeRows: null,
  plan,
});
