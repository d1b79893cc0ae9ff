import type { Pipeline } from 'budgetline/workflows';

/** Tunes the warm start on pairs only if it does not solve every problem: a result decides. */
export const untilSolved: Pipeline = async (stages, { sftRows, pairRows }) => {
  const demonstrations = await stages.synthesizeData({ rows: sftRows });
  const sft = await stages.trainSft({ data: demonstrations });
  const reference = await stages.freezeReference({ adapter: sft });
  const warm = await stages.evaluate({ reference, name: 'warm start' });
  const { score } = await stages.metrics(warm);
  if (score === 1) return warm;
  const data = await stages.synthesizeData({ rows: pairRows, reference });
  const adapter = await stages.trainPreference({ reference, data, name: 'repair' });
  return stages.evaluate({ reference, adapter });
};
