import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';
import { bestOfN } from '../../examples/best-of-n';
import { threeRounds } from '../../examples/iterated-dpo';
import { sftDpoSft } from '../../examples/sft-dpo-sft';
import { betterBeta } from '../../examples/two-betas';

/** The pipelines of the examples, one cell each. */
export default defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'example-pipelines',
  annotator: 'majority-error',
  data: { ...gradeSchoolMathDefaults.data, validation: 8 },
  budgets: [32],
  sftFractions: [0.5],
  axes: {
    example: {
      'iterated-dpo': { pipeline: threeRounds },
      'best-of-n': { pipeline: bestOfN },
      'two-betas': { pipeline: betterBeta },
      'sft-dpo-sft': { pipeline: sftDpoSft },
    },
  },
  evaluation: { items: 8, maxNewTokens: 48, split: 'test' },
  controls: [],
});
