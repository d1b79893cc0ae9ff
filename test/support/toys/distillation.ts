import { definePipeline } from 'budgetline/workflows';
import { bestOfN } from './best-of-n';

/** Preference tuning after best-of-n distillation: the base model learns the best samples of the warm start. */
export const distillation = definePipeline((stages, { sftRows, pairRows }) => {
  const demonstrations = stages.synthesizeData({ rows: sftRows });
  const teacher = stages.freezeReference({ adapter: stages.trainSft({ data: demonstrations }) });
  if (pairRows === 0) return stages.evaluate({ reference: teacher });
  const best = stages.run(bestOfN, { reference: teacher, rows: pairRows, samples: 4 });
  const reference = stages.freezeReference({ adapter: stages.trainSft({ data: best }) });
  const data = stages.synthesizeData({ rows: pairRows, reference });
  const adapter = stages.trainPreference({ reference, data });
  return stages.evaluate({ reference, adapter });
});
