import { taskQueues, type PlannedStage } from '../../contracts/stage';
import { defineBuiltInStage } from '../define';
import { baseModel, outputOf, plainFacts } from '../parts';
import { noWork } from '../work';

const kind = 'freezeReference';

/** A call of the kind. */
export interface FreezeReferenceCall {
  /** Null: freezes the base model itself. */
  readonly adapter: PlannedStage<'adapter'> | null;
}

/** Merges an SFT adapter into the base model and freezes the result; without one, freezes the base itself. */
export const freezeReference = defineBuiltInStage({
  kind,
  makes: 'model',
  revision: () => 2,
  label: ['frozen reference', 'frozen references'],
  does: 'Merges and freezes the reference model',
  learnsFrom: null,
  describeRows: null,
  plan: (context, { adapter }: FreezeReferenceCall) => ({
    ...plainFacts,
    spec: { kind },
    inputs: { base: baseModel(context), adapter: adapter === null ? undefined : outputOf(adapter) },
    title: adapter === null ? 'Reference: the base model' : `Reference after ${adapter.title}`,
    queue: taskQueues.gpu,
    work: noWork,
    optimiserSteps: null,
  }),
});
