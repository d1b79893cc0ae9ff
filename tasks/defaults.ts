import { syntheticPairs } from '../core/pair-settings';
import type { SweepJson } from '../schemas/definition';
import { gradeSchoolMathDefaults } from './grade-school-math/defaults';

/**
 * Settings for the embedded model on the synthetic problems of a task that it was not pretrained on; spread them into a
 * definition. Chosen answers are the reference answers, since an untrained model has no correct samples.
 */
export function syntheticDefaults(task: string) {
  return {
    ...gradeSchoolMathDefaults,
    task,
    data: { source: 'synthetic', pool: 1024, validation: 200, test: 200 },
    annotator: 'clean',
    sft: { ...gradeSchoolMathDefaults.sft, maxLength: 256 },
    preference: { ...gradeSchoolMathDefaults.preference, maxLength: 256 },
    pairs: { ...gradeSchoolMathDefaults.pairs, ...syntheticPairs, maxNewTokens: 64 },
    evaluation: { items: 200, maxNewTokens: 64 },
  } satisfies Partial<SweepJson>;
}
