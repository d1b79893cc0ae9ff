import type { PairSpec } from '../../schemas/definition';
import type { PreferenceRow } from '../../schemas/rows';
import type { StageOutput, StageSession } from '../session';
import { type Crop, harvestSamples, type SampledSpec } from './harvest';
import { makePair, type Skipped } from './pair';

const pairsOf = (chosen: PairSpec['chosen']): Crop<PreferenceRow, Skipped> => ({
  name: 'pairs',
  file: 'pairs.jsonl',
  reasons: ['all-right', 'all-wrong', 'wrong-is-empty'],
  yieldOf: (task, problem, samples) => makePair(task, problem, { samples, chosen }),
});

/** Makes preference pairs of the frozen reference's own samples. */
export function synthesizePairs(session: StageSession, spec: SampledSpec): Promise<StageOutput> {
  return harvestSamples(session, spec, pairsOf(spec.pairs.chosen));
}
