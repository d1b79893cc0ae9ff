import type { Task } from '../../contracts/task';
import type { DemonstrationRow } from '../../schemas/rows';
import type { RejectionSamplesSpec } from '../../stages';
import type { StageOutput, StageSession } from '../session';
import { Turns } from '../turns';
import { collectSamples } from './collect-samples';
import type { SampleFilter } from './sample-collector';
import { bestOf, scoreSamples } from './scored';

/** Rejection sampling: the best sample of each prompt, if its score reaches the threshold. */
const rejectionSamples = (task: Task, threshold: number, turns: Turns): SampleFilter<DemonstrationRow> => ({
  name: 'correct samples',
  file: 'demonstrations.jsonl',
  reasons: ['all-empty', 'below-threshold'],
  isScored: true,
  async select(sampled) {
    const best = bestOf(await scoreSamples(task, sampled, turns));
    if (best === undefined) return { skipped: 'all-empty' };
    if (best.score < threshold) return { skipped: 'below-threshold' };
    const { id, prompt } = sampled.problem;
    return { row: { id, prompt, completion: best.completion } };
  },
});

/** Takes correct samples of the frozen reference, on the same prompts as pairs. */
export function synthesizeRejectionSamples(
  session: StageSession,
  spec: RejectionSamplesSpec,
): Promise<StageOutput> {
  return collectSamples(session, spec, (task) =>
    rejectionSamples(task, spec.pairs.threshold, new Turns(session)),
  );
}
