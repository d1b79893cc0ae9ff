import type { PairSpec } from '../../schemas/definition';
import type { PairSkipReason } from '../../contracts/metrics';
import type { PreferenceRow } from '../../schemas/rows';
import type { PairsSpec } from '../../stages';
import type { StageOutput, StageSession } from '../session';
import { type SampleFilter, collectSamples } from './collect-samples';
import { makePair } from './pair';

const pairsOf = (chosen: PairSpec['chosen']): SampleFilter<PreferenceRow, PairSkipReason> => ({
  name: 'pairs',
  file: 'pairs.jsonl',
  reasons: ['all-correct', 'all-incorrect', 'incorrect-is-empty'],
  select: (task, problem, samples) => makePair(task, problem, { samples, chosen }),
});

/** Makes preference pairs from the frozen reference's own samples. */
export function synthesizePairs(session: StageSession, spec: PairsSpec): Promise<StageOutput> {
  return collectSamples(session, spec, pairsOf(spec.pairs.chosen));
}
