import type { Task } from '../../contracts/task';
import type { PreferenceRow } from '../../schemas/rows';
import type { PairsSpec } from '../../stages';
import type { StageOutput, StageSession } from '../session';
import { collectSamples } from './collect-samples';
import { Turns } from '../turns';
import { makePair } from './pair';
import type { SampleFilter } from './sample-collector';
import { scoreSamples } from './scored';

const scoredPairs = (task: Task, { pairs }: PairsSpec, turns: Turns): SampleFilter<PreferenceRow> => ({
  name: 'pairs',
  file: 'pairs.jsonl',
  reasons: [
    'all-empty',
    ...(pairs.chosen === 'gold' ? (['no-reference'] as const) : []),
    'below-threshold',
    'below-margin',
  ],
  isScored: true,
  select: async (sampled) => makePair(task, sampled.problem, await scoreSamples(task, sampled, turns), pairs),
});

/** Makes preference pairs from the frozen reference's own samples, by the scores of the task's verifier. */
export function synthesizePairs(session: StageSession, spec: PairsSpec): Promise<StageOutput> {
  return collectSamples(session, spec, (task) => scoredPairs(task, spec, new Turns(session)));
}
