import type { DemonstrationRow } from '../../schemas/rows';
import type { SampledSpec } from '../../stages';
import type { StageOutput, StageSession } from '../session';
import { type SampleFilter, collectSamples } from './collect-samples';

/** Rejection sampling: the first correct sample of each prompt. */
const rejectionSamples: SampleFilter<DemonstrationRow, 'all-incorrect'> = {
  name: 'correct samples',
  file: 'demonstrations.jsonl',
  reasons: ['all-incorrect'],
  select(task, problem, samples) {
    const correct = samples.find(
      ({ completion, finish }) => completion !== '' && task.score(problem, completion, finish).score === 1,
    );
    if (correct === undefined) return { skipped: 'all-incorrect' };
    const { id, prompt } = problem;
    return { row: { id, prompt, completion: correct.completion } };
  },
};

/** Takes correct samples of the frozen reference, on the same prompts as pairs. */
export function synthesizeRejectionSamples(session: StageSession, spec: SampledSpec): Promise<StageOutput> {
  return collectSamples(session, spec, rejectionSamples);
}
