import { taskQueues, type PlannedStage } from '../../contracts/stage';
import { defineBuiltInStage } from '../define';
import { stageSeed } from '../keys';
import { baseModel, outputOf, plainFacts } from '../parts';
import { rates } from '../rates';
import { trainingRevision } from '../training-revision';
import { countRows, optimiserSteps, training as trainingWork } from '../work';
import type { TrainSftSpec } from './spec';

const kind = 'trainSft';

/** A call of the kind. */
export interface TrainSftCall {
  readonly data: PlannedStage<'rows'>;
  /** Model to tune. Default: the definition's base model. */
  readonly base?: PlannedStage<'model'>;
  /** Column to learn from; 'chosen' for the chosen answers of pairs. Default: 'completion'. */
  readonly column?: TrainSftSpec['column'];
}

/** Supervised fine-tuning with the definition's `sft` settings. */
export const trainSft = defineBuiltInStage({
  kind,
  makes: 'adapter',
  revision: trainingRevision,
  label: ['SFT run', 'SFT runs'],
  does: 'Supervised fine-tuning',
  learnsFrom: 'demonstrations',
  describeRows: null,
  plan(context, { data, base, column = 'completion' }: TrainSftCall) {
    const { sft: training } = context.resolved.definition;
    const count = countRows(data);
    const spec: TrainSftSpec = { kind, column, training, seed: stageSeed(context.seed, kind), dtype: 'f32' };
    return {
      ...plainFacts,
      spec,
      inputs: { base: base === undefined ? baseModel(context) : outputOf(base), data: outputOf(data) },
      title: `SFT on ${count} ${column === 'chosen' ? 'chosen answers' : (data.rows?.noun ?? 'rows')}`,
      queue: taskQueues.gpu,
      work: trainingWork(count, training, rates.sftTokensPerSecond),
      optimiserSteps: optimiserSteps(count, training),
    };
  },
});
