import { defineSweep, gradeSchoolMathDefaults, runSweep } from 'budgetline';

const definition = defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'run-sweep',
  annotator: 'majority-error',
  budgets: [16, 32],
  sftFractions: [1, 0.5, 0],
  evaluation: { items: 40, maxNewTokens: 64 },
});
void runSweep(definition).then(({ analysis, report }) => {
  for (const { budget, sftFraction, score } of analysis.budgets)
    console.log(`${budget} rows: best SFT fraction ${sftFraction}, accuracy ${score.estimate.toFixed(3)}`);
  console.log(`Report: ${report.path}`);
});
