import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';
import { type Pipeline, warmStart } from 'budgetline/workflows';

/**
 * Best-of-n distillation: samples eight answers to each prompt from the warm start, keeps a correct one, and trains the
 * warm start on these. The rows that the budget does not spend on demonstrations are prompts.
 */
export const bestOfN: Pipeline = async (stages, cell) => {
  const reference = await warmStart(stages, cell);
  if (cell.pairRows === 0) return stages.evaluate({ reference });
  const data = await stages.synthesizeData({
    rows: cell.pairRows,
    reference,
    what: 'rejection-samples',
    candidates: 8,
    name: 'best of 8',
  });
  const adapter = await stages.trainSft({ data, base: reference, name: 'distilled' });
  return stages.evaluate({ reference, adapter });
};

export default defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'best-of-n',
  annotator: 'majority-error',
  budgets: [256, 1024],
  sftFractions: [1, 0.5, 0.25],
  pipeline: bestOfN,
});
