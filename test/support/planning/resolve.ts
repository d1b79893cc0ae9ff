import type { ResolvedSweep } from '../../../contracts/resolved';
import { defineSweep, type SweepInput } from '../../../definitions';
import { gradeSchoolMathDefaults } from '../../../tasks';

/** A sweep's definition with its inputs pinned to made-up digests. */
export function resolveSweep(
  changes: Partial<SweepInput> = {},
  inputs: Partial<ResolvedSweep> = {},
): ResolvedSweep {
  const definition = defineSweep({
    ...gradeSchoolMathDefaults,
    name: 'first-sweep',
    annotator: 'majority-error',
    budgets: [64, 256, 1024],
    sftFractions: [1, 0.75, 0.5, 0.25, 0.1, 0],
    ...changes,
  });
  const model = { name: 'embedded', digest: 'a'.repeat(64), path: '/models/embedded' };
  return { definition, model, files: {}, poolRows: 6144, ...inputs };
}
