import type { DiagnosisStatus, Estimate, StagnationDiagnosis } from '../contracts/analysis';
import { intervalOf, type Inference } from './inference';

/** Below this many pairs preference tuning counts as low in data. */
const fewPairs = 1000;

/**
 * Present where no gain over the base is worth having: each estimate is at most delta, and surely at most three
 * deltas, the least that a verdict needs. Absent where one gain is surely above delta.
 */
function decide(gains: readonly Estimate[], delta: number): DiagnosisStatus {
  if (gains.some((gain) => (gain.low ?? gain.estimate) > delta)) return 'absent';
  const flat = gains.every((gain) => gain.estimate <= delta && (gain.high ?? gain.estimate) <= 3 * delta);
  return flat ? 'present' : 'unclear';
}

const advice: Record<DiagnosisStatus, string> = {
  present:
    'Fewer than 1,000 pairs from the base model buy nothing here: buy demonstrations first, or far more pairs.',
  absent: 'Preference tuning from the base model gains with fewer than 1,000 pairs here.',
  unclear: 'Whether fewer than 1,000 pairs from the base model gain anything is open: repeat over seeds.',
};

/** Looks for a flat or falling curve of r = 0 against the base, over the budgets with fewer than 1,000 pairs. */
export function diagnoseStagnation(inference: Inference, delta: number): StagnationDiagnosis | null {
  const cold = inference.grid.groups.filter((group) => group.sftFraction === 0 && group.pairRows < fewPairs);
  if (cold.length === 0) return null;
  const gains = cold.map((group) => ({
    budget: group.budget,
    pairRows: group.pairRows,
    gain: intervalOf(inference.difference(group, inference.grid.base)),
  }));
  const status = decide(
    gains.map(({ gain }) => gain),
    delta,
  );
  return { kind: 'preference-stagnation', status, gains, advice: advice[status] };
}
