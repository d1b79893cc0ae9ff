import type { Pipeline } from 'budgetline/workflows';
import { bestOfN } from './best-of-n';

/** Preference tuning after best-of-n distillation: the base model learns the best samples of the warm start. */
export const distillation: Pipeline = async (stages, { sftRows, pairRows }) => {
  const demonstrations = await stages.synthesizeData({ rows: sftRows });
  const sft = await stages.trainSft({ data: demonstrations });
  const teacher = await stages.freezeReference({ adapter: sft });
  if (pairRows === 0) return stages.evaluate({ reference: teacher });
  const best = await stages.run(bestOfN, { reference: teacher, rows: pairRows, samples: 4 });
  const distilled = await stages.trainSft({ data: best });
  const reference = await stages.freezeReference({ adapter: distilled });
  const data = await stages.synthesizeData({ rows: pairRows, reference });
  const adapter = await stages.trainPreference({ reference, data });
  return stages.evaluate({ reference, adapter });
};
