import type { PlannedStage } from '../contracts/stage';
import type { StagePlanners } from '../stages/trace';
import type { Split } from './counts';

/** Plans the stages of one cell: calls stage functions, and returns the evaluation that scores the cell. */
export type Pipeline = (stages: StagePlanners, cell: Split) => PlannedStage<'scores'>;

/**
 * A pipeline of yours, for the definition's field `pipeline`. Export it from a module that workflows can load. It plans the
 * same stages for the same arguments, reads no clock and no random numbers, and returns what `stages.evaluate` returned.
 */
export const definePipeline = (pipeline: Pipeline): Pipeline => pipeline;

/** SFT on the cell's demonstrations, frozen; without demonstrations: the frozen base model. */
export function warmStart(stages: StagePlanners, { sftRows }: Split): PlannedStage<'model'> {
  if (sftRows === 0) return stages.freezeReference({ adapter: null });
  const data = stages.synthesizeData({ rows: sftRows });
  const adapter = stages.trainSft({ data });
  return stages.freezeReference({ adapter });
}

/** The pipeline of one cell: demonstrations → SFT → frozen reference → pairs → preference tuning → evaluation. */
export function allocationPipeline(stages: StagePlanners, cell: Split): PlannedStage<'scores'> {
  const reference = warmStart(stages, cell);
  if (cell.pairRows === 0) return stages.evaluate({ reference });
  const data = stages.synthesizeData({ rows: cell.pairRows, reference });
  const adapter = stages.trainPreference({ reference, data });
  return stages.evaluate({ reference, adapter });
}

/** Evaluates the untrained base model, which gains are measured against. */
export function basePipeline(stages: StagePlanners): PlannedStage<'scores'> {
  const reference = stages.freezeReference({ adapter: null });
  return stages.evaluate({ reference });
}
