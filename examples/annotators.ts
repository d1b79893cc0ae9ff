import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';

/**
 * Does the best split depend on who writes the demonstrations? Three annotators, three budgets, six fractions, three
 * seeds: 162 cells, and all controls. A slice:
 *   budgetline run examples/annotators.ts --budgets 64 --fractions 1,0.5 --seeds 0
 */
export default defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'annotators',
  annotator: 'clean',
  axes: { annotator: ['clean', 'majority-error', 'slip'] },
  budgets: [64, 256, 1024],
  sftFractions: [1, 0.75, 0.5, 0.25, 0.1, 0],
  seeds: [0, 1, 2],
  controls: [
    'warm-start',
    'sft-on-chosen',
    'rejection-sampling',
    'few-shot',
    'dpo-nll',
    'learning-rate',
    'beta',
  ],
  numFewShot: 1, // the embedded base was pretrained on 96 tokens: one demonstration and the question fill them
  sensitivityBudget: 256,
});
