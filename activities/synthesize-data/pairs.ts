import type { Task } from '../../contracts/task';
import type { PreferenceRow } from '../../schemas/rows';
import type { PairsSpec } from '../../stages';
import type { StageOutput, StageSession } from '../session';
import { collectSamples } from './collect-samples';
import { makePair } from './pair';
import type { SampleFilter } from './sample-collector';

const scoredPairs = (task: Task, { pairs }: PairsSpec): SampleFilter<PreferenceRow> => ({
  name: 'pairs',
  file: 'pairs.jsonl',
  reasons: [
    'all-empty',
    ...(pairs.chosen === 'gold' ? (['no-reference'] as const) : []),
    'below-threshold',
    'below-margin',
  ],
  isScored: true,
  select: (sampled) => makePair(task, sampled, pairs),
});

/** Makes preference pairs from the frozen reference's own samples, by the scores of the task's verifier. */
export function synthesizePairs(session: StageSession, spec: PairsSpec): Promise<StageOutput> {
  return collectSamples(session, spec, (task) => scoredPairs(task, spec));
}
