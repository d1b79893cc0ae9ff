import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';

export default defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'toys',
  annotator: 'majority-error',
  budgets: [32],
  sftFractions: [1, 0.5],
  evaluation: { items: 8, maxNewTokens: 48 },
  preference: {
    ...gradeSchoolMathDefaults.preference,
    loss: { module: './losses.ts', export: 'margin', beta: 0.1, gamma: 0.5 },
  },
  controls: ['sft-on-chosen'],
  stageKinds: [{ module: './best-of-n.ts', export: 'bestOfN' }],
  pipeline: { module: './distillation.ts', export: 'distillation' },
});
