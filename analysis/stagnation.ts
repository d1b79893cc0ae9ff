import type { DiagnosisStatus, Estimate, StagnationDiagnosis } from '../contracts/analysis';
import { intervalOf, type Inference } from './inference';

/** Below this many pairs preference tuning counts as low in data. */
const fewPairs = 1000;

type Figures = Pick<StagnationDiagnosis, 'gains' | 'rise'>;

/** Not worth having: at most delta, and surely at most three deltas, the least that a verdict needs. */
function isFlat({ estimate, high }: Estimate, delta: number): boolean {
  return estimate <= delta && (high ?? estimate) <= 3 * delta;
}

function isGain({ estimate, low }: Estimate, least: number): boolean {
  return (low ?? estimate) > least;
}

/** Without the base, a single budget says nothing of the curve. */
function isUnknown({ gains, rise }: Figures): boolean {
  return gains.length === 0 && rise === null;
}

/** Present where no gain over the base matters, or more pairs add nothing; absent where the curve leaves the base and rises. */
function decide({ gains, rise }: Figures, delta: number): DiagnosisStatus {
  const atBase = gains.length > 0 && gains.every(({ gain }) => isFlat(gain, delta));
  if (atBase || (rise !== null && isFlat(rise, delta))) return 'present';
  const leaves = gains.length === 0 || gains.some(({ gain }) => isGain(gain, delta));
  return leaves && (rise === null || isGain(rise, 0)) ? 'absent' : 'unclear';
}

const advice: Record<DiagnosisStatus, string> = {
  present:
    'With fewer than 1,000 pairs, preference tuning from the base model stands still here: buy demonstrations first, or far more pairs.',
  absent: 'Preference tuning from the base model gains with fewer than 1,000 pairs here.',
  unclear: 'Whether fewer than 1,000 pairs from the base model gain anything is open: repeat over seeds.',
};

/** Looks for a flat or falling curve of r = 0, from the base over the budgets with fewer than 1,000 pairs. */
export function diagnoseStagnation(inference: Inference, delta: number): StagnationDiagnosis | null {
  const cold = inference.grid.groups.filter((group) => group.sftFraction === 0 && group.pairRows < fewPairs);
  const [first, last] = [cold[0], cold[cold.length - 1]];
  if (first === undefined || last === undefined) return null;
  const { base } = inference.grid;
  const gains = cold.flatMap((group) =>
    base === null
      ? []
      : [
          {
            budget: group.budget,
            pairRows: group.pairRows,
            gain: intervalOf(inference.difference(group, base)),
          },
        ],
  );
  const rise = first === last ? null : intervalOf(inference.difference(last, first));
  if (isUnknown({ gains, rise })) return null;
  const status = decide({ gains, rise }, delta);
  return { kind: 'preference-stagnation', status, gains, rise, advice: advice[status] };
}
