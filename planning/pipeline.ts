import type { Coordinates } from '../core/coordinates';
import type { PlannedStage } from '../contracts/stage';
import type { Stages } from '../stages/functions';
import type { Split } from './counts';

/** What a pipeline knows of its cell. */
export interface PipelineCell extends Split {
  /** Rows; in a sweep with budgets in money: US dollars. */
  readonly budget: number;
  readonly sftFraction: number;
  readonly seed: number;
  /** Its values on the sweep's axes, by axis; empty without axes. */
  readonly axes: Coordinates;
}

/** Trains and evaluates one cell: calls stage functions, and returns the evaluation that scores the cell. */
export type Pipeline = (stages: Stages, cell: PipelineCell) => Promise<PlannedStage<'scores'>>;

/** SFT on the cell's demonstrations, frozen; without demonstrations: the frozen base model. */
export async function warmStart(stages: Stages, { sftRows }: Split): Promise<PlannedStage<'model'>> {
  if (sftRows === 0) return stages.freezeReference({ adapter: null });
  const data = await stages.synthesizeData({ rows: sftRows });
  const adapter = await stages.trainSft({ data });
  return stages.freezeReference({ adapter });
}

/** The built-in pipeline: demonstrations → SFT → frozen reference → pairs → preference tuning → evaluation. */
export async function allocationPipeline(stages: Stages, cell: Split): Promise<PlannedStage<'scores'>> {
  const reference = await warmStart(stages, cell);
  if (cell.pairRows === 0) return stages.evaluate({ reference });
  const data = await stages.synthesizeData({ rows: cell.pairRows, reference });
  const adapter = await stages.trainPreference({ reference, data });
  return stages.evaluate({ reference, adapter });
}

/** Evaluates the untrained base model, which gains are measured against. */
export async function basePipeline(stages: Stages): Promise<PlannedStage<'scores'>> {
  const reference = await stages.freezeReference({ adapter: null });
  return stages.evaluate({ reference });
}
