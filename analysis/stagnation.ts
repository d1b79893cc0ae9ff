import type { DiagnosisStatus, StagnationDiagnosis } from '../contracts/analysis/diagnoses';
import type { Estimate } from '../contracts/analysis/estimate';
import { intervalOf, type Inference } from './inference';
import { hasFewSteps } from './training';

/** Fewer pairs than this are few for preference tuning. */
const fewPairs = 1000;

type Curve = Pick<StagnationDiagnosis, 'gains' | 'rise'>;

/** Negligible: at most the margin, and significantly below three margins, the least that a verdict needs. */
function isNegligible({ estimate, high }: Estimate, margin: number): boolean {
  return estimate <= margin && (high ?? estimate) <= 3 * margin;
}

function isGain({ estimate, low }: Estimate, least: number): boolean {
  return (low ?? estimate) > least;
}

/** A curve needs two budgets, or one and the base. */
function isUnknown({ gains, rise }: Curve): boolean {
  return gains.length === 0 && rise === null;
}

/** Present: no gain over the base, or none from more pairs. Absent: a significant gain, and a rising curve. */
function decide({ gains, rise }: Curve, margin: number): DiagnosisStatus {
  const atBase = gains.length > 0 && gains.every(({ gain }) => isNegligible(gain, margin));
  if (atBase || (rise !== null && isNegligible(rise, margin))) return 'present';
  const leaves = gains.length === 0 || gains.some(({ gain }) => isGain(gain, margin));
  return leaves && (rise === null || isGain(rise, 0)) ? 'absent' : 'unclear';
}

const advice: Record<DiagnosisStatus, string> = {
  present:
    'With fewer than 1,000 pairs, preference tuning without SFT does not improve on the base: buy demonstrations first, or far more pairs.',
  absent: 'Preference tuning without SFT improves on the base with fewer than 1,000 pairs.',
  unclear: 'The gain of fewer than 1,000 pairs without SFT is not significant: run more seeds.',
};

/**
 * Finds a flat or falling curve at SFT share 0, from the base over the budgets with fewer than 1,000 pairs. Cells with too
 * few optimiser steps do not count.
 */
export function diagnoseStagnation(inference: Inference, margin: number): StagnationDiagnosis | null {
  const cold = inference.grid.groups.filter(
    (group) => group.sftFraction === 0 && group.pairRows < fewPairs && !hasFewSteps(group),
  );
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
