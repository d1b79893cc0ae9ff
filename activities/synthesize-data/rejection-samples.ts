import type { DemonstrationRow } from '../../schemas/rows';
import type { StageOutput, StageSession } from '../session';
import { type Crop, harvestSamples, type SampledSpec } from './harvest';

/** What rejection sampling keeps: the first right sample of each prompt. */
const rejectionSamples: Crop<DemonstrationRow, 'all-wrong'> = {
  name: 'right samples',
  file: 'demonstrations.jsonl',
  reasons: ['all-wrong'],
  yieldOf(task, problem, samples) {
    const right = samples.find(
      ({ completion, finish }) => completion !== '' && task.score(problem, completion, finish).score === 1,
    );
    if (right === undefined) return { skipped: 'all-wrong' };
    const { id, prompt } = problem;
    return { row: { id, prompt, completion: right.completion } };
  },
};

/** Takes right samples of the frozen reference, from the prompts that pairs are sought on. */
export function synthesizeRightSamples(session: StageSession, spec: SampledSpec): Promise<StageOutput> {
  return harvestSamples(session, spec, rejectionSamples);
}
