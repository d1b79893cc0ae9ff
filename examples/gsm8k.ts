import { join } from 'node:path';
import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';

const slice = join(__dirname, 'data', 'gsm8k');
const prompts = join(__dirname, 'data', 'ifeval', 'prompts.jsonl');

/**
 * The same experiment over real GSM8K text: by default a slice of 200 rows that comes with the package, or
 *   budgetline run examples/gsm8k.ts --data train.jsonl
 * The embedded model is a million parameters on a vocabulary of its own, so expect a score near zero. What it shows is
 * that real text goes through every stage; what does not fit is counted. Beside it the same models are asked a slice of
 * IFEval, to see what training on math costs elsewhere.
 */
export default defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'gsm8k',
  data: { source: 'files', train: join(slice, 'train.jsonl'), test: join(slice, 'test.jsonl') },
  annotator: 'clean',
  sft: { ...gradeSchoolMathDefaults.sft, maxLength: 1024, onOverlength: 'drop' },
  preference: { ...gradeSchoolMathDefaults.preference, maxLength: 1024, onOverlength: 'drop' },
  // The model cannot solve these, so its own samples hold no right answer to prefer: the chosen one is the reference.
  pairs: { ...gradeSchoolMathDefaults.pairs, chosen: 'gold', candidates: 1, maxNewTokens: 128 },
  evaluation: {
    items: 20,
    maxNewTokens: 128,
    auxiliary: [
      {
        ...{ task: 'instruction-following', name: 'ifeval', items: 20, maxNewTokens: 64 },
        data: { source: 'files', test: prompts },
      },
    ],
  },
  budgets: [24],
  sftFractions: [1, 0.5, 0],
});
