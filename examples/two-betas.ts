import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';
import { type Pipeline, warmStart } from 'budgetline/workflows';

/** DPO with two betas side by side on the same pairs. The one with the better validation score is evaluated. */
export const betterBeta: Pipeline = async (stages, cell) => {
  const reference = await warmStart(stages, cell);
  const data = await stages.synthesizeData({ rows: cell.pairRows, reference });
  const tried = await Promise.all(
    [0.1, 1].map(async (beta) => {
      const adapter = await stages.trainPreference({ reference, data, beta });
      const evaluation = await stages.evaluate({
        reference,
        adapter,
        split: 'validation',
        name: `β ${beta}`,
      });
      return { adapter, score: (await stages.metrics(evaluation)).score };
    }),
  );
  const [better] = tried.sort((a, b) => b.score - a.score);
  return stages.evaluate({ reference, adapter: better!.adapter, name: 'better beta' });
};

export default defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'two-betas',
  annotator: 'majority-error',
  budgets: [256, 1024],
  sftFractions: [0.5, 0.25],
  pipeline: betterBeta,
});
