import type { SweepInput } from '../schemas/definition';
import { gradeSchoolMathDefaults } from './grade-school-math/defaults';

/**
 * Settings for the embedded model on the twin of a task that it was not pretrained on, to be spread into a definition.
 * Chosen answers of pairs are the reference's: a model that solves none has none of its own.
 */
export function syntheticDefaults(task: string) {
  return {
    ...gradeSchoolMathDefaults,
    task,
    data: { source: 'synthetic', pool: 1024, validation: 64, test: 200 },
    annotator: 'clean',
    sft: { ...gradeSchoolMathDefaults.sft, maxLength: 256 },
    preference: { ...gradeSchoolMathDefaults.preference, maxLength: 256 },
    pairs: { ...gradeSchoolMathDefaults.pairs, chosen: 'gold', candidates: 1, maxNewTokens: 64 },
    evaluation: { items: 200, maxNewTokens: 64 },
  } satisfies Partial<SweepInput>;
}
