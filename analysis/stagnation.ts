import type { DiagnosisStatus, Estimate, StagnationDiagnosis } from '../contracts/analysis';
import { intervalOf, type Inference } from './inference';

/** Below this many pairs preference tuning counts as low in data. */
const fewPairs = 1000;

type Curve = Pick<StagnationDiagnosis, 'gains' | 'rise'>;

/** Not worth having: at most delta, and surely at most three deltas, the least that a verdict needs. */
function isNegligible({ estimate, high }: Estimate, margin: number): boolean {
  return estimate <= margin && (high ?? estimate) <= 3 * margin;
}

function isGain({ estimate, low }: Estimate, least: number): boolean {
  return (low ?? estimate) > least;
}

/** Without the base, a single budget says nothing of the curve. */
function isUnknown({ gains, rise }: Curve): boolean {
  return gains.length === 0 && rise === null;
}

/** Present where no gain over the base matters, or more pairs add nothing; absent where the curve leaves the base and rises. */
function decide({ gains, rise }: Curve, margin: number): DiagnosisStatus {
  const atBase = gains.length > 0 && gains.every(({ gain }) => isNegligible(gain, margin));
  if (atBase || (rise !== null && isNegligible(rise, margin))) return 'present';
  const leaves = gains.length === 0 || gains.some(({ gain }) => isGain(gain, margin));
  return leaves && (rise === null || isGain(rise, 0)) ? 'absent' : 'unclear';
}

const advice: Record<DiagnosisStatus, string> = {
  present:
    'With fewer than 1,000 pairs, preference tuning from the base model stands still here: buy demonstrations first, or far more pairs.',
  absent: 'Preference tuning from the base model gains with fewer than 1,000 pairs here.',
  unclear: 'Whether fewer than 1,000 pairs from the base model gain anything is open: repeat over seeds.',
};

/** Looks for a flat or falling curve of r = 0, from the base over the budgets with fewer than 1,000 pairs. */
export function diagnoseStagnation(inference: Inference, margin: number): StagnationDiagnosis | null {
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
  const status = decide({ gains, rise }, margin);
  return { kind: 'preference-stagnation', status, gains, rise, advice: advice[status] };
}
