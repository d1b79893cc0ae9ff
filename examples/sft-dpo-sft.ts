import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';
import type { Pipeline } from 'budgetline/workflows';

/** SFT on half of the demonstrations, DPO, then SFT on the other half. */
export const sftDpoSft: Pipeline = async (stages, { sftRows, pairRows }) => {
  const early = await stages.synthesizeData({ rows: Math.ceil(sftRows / 2), name: 'first half' });
  const sft = await stages.trainSft({ data: early });
  const reference = await stages.freezeReference({ adapter: sft });

  const pairs = await stages.synthesizeData({ rows: pairRows, reference });
  const dpo = await stages.trainPreference({ reference, data: pairs });
  const tuned = await stages.freezeReference({ adapter: dpo });

  const late = await stages.synthesizeData({
    rows: Math.floor(sftRows / 2),
    after: early,
    name: 'second half',
  });
  const adapter = await stages.trainSft({ data: late, base: tuned, learningRate: 5e-4, name: 'second SFT' });
  return stages.evaluate({ reference: tuned, adapter });
};

export default defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'sft-dpo-sft',
  annotator: 'majority-error',
  budgets: [256, 1024],
  sftFractions: [0.75, 0.5, 0.25],
  pipeline: sftDpoSft,
});
