import { taskQueues, type PlannedStage } from '../../contracts/stage';
import { assertCall, quoted, stageThatMakes } from '../calls';
import { defineBuiltInStage, type StageContext } from '../define';
import { orNull } from '../forms';
import { baseModel, outputOf, plainFacts, trainedOn } from '../parts';
import { mergeResources } from '../resources';
import { noWork } from '../work';

const kind = 'freezeReference';

/** A call of the kind. */
export interface FreezeReferenceCall {
  /** Merged into the model that it was trained on. Null: freezes the definition's base model. */
  readonly adapter: PlannedStage<'adapter'> | null;
}

const forms = { adapter: orNull(stageThatMakes('adapter')) };

function plan(context: StageContext, call: FreezeReferenceCall) {
  assertCall(kind, call, forms);
  const { adapter } = call;
  const base = adapter === null ? undefined : trainedOn(adapter);
  return {
    ...plainFacts,
    spec: { kind },
    inputs: { base: base ?? baseModel(context), adapter: adapter === null ? undefined : outputOf(adapter) },
    title: adapter === null ? 'Reference: the base model' : `Reference after ${quoted(adapter)}`,
    queue: taskQueues.gpu,
    work: noWork,
    resources: mergeResources(context, { withAdapter: adapter !== null }),
    optimiserSteps: null,
  } as const;
}

/**
 * Merges an adapter into the model that it was trained on, and freezes the result; without an adapter, freezes the base
 * model itself.
 */
export const freezeReference = defineBuiltInStage({
  kind,
  makes: 'model',
  revision: () => 2,
  first: { revision: () => 2 },
  label: ['frozen reference', 'frozen references'],
  does: 'Merges and freezes the reference model',
  learnsFrom: null,
  describeRows: null,
  plan,
});
