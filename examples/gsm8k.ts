import { join } from 'node:path';
import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';

const slice = join(__dirname, 'data', 'gsm8k');
const prompts = join(__dirname, 'data', 'ifeval', 'prompts.jsonl');

/**
 * The same experiment over real GSM8K text: by default a slice of 200 rows that comes with the package, or
 *   budgetline run examples/gsm8k.ts --data train.jsonl
 * The embedded model has a million parameters and a small vocabulary, so expect a score near zero. The example shows
 * that real text passes every stage, and that rows that do not fit are counted. A slice of IFEval is the auxiliary task:
 * it shows what training on math costs elsewhere.
 */
export default defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'gsm8k',
  data: { source: 'files', train: join(slice, 'train.jsonl'), test: join(slice, 'test.jsonl') },
  annotator: 'clean',
  sft: { ...gradeSchoolMathDefaults.sft, maxLength: 1024, onOverlength: 'drop' },
  preference: { ...gradeSchoolMathDefaults.preference, maxLength: 1024, onOverlength: 'drop' },
  // The model solves none of these, so its samples contain no correct answer: the reference is the chosen one.
  pairs: { ...gradeSchoolMathDefaults.pairs, chosen: 'gold', candidates: 1, maxNewTokens: 128 },
  evaluation: {
    items: 20,
    maxNewTokens: 128,
    auxiliary: [
      {
        task: 'instruction-following',
        name: 'ifeval',
        items: 20,
        maxNewTokens: 64,
        data: { source: 'files', test: prompts },
      },
    ],
  },
  budgets: [24],
  sftFractions: [1, 0.5, 0],
});
