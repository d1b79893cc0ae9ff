import { join } from 'node:path';
import { planStage, stageKinds } from '../../stages';
import { endpointAnnotator, type EndpointOptions, withAnnotators } from '../../annotators';
import { definedAt } from '../../core/code';
import type { ResolvedExperiment } from '../../contracts/resolved';
import type { PlannedStage } from '../../contracts/stage';
import type { Task } from '../../contracts/task';
import { coinTask } from './coin-task';
import { createBench, identified, resolveSmall, type StageBench } from './stage-bench';

const keyVariable = 'BUDGETLINE_TEST_ROWS_KEY';
export const callsAtOnce = 16;

export interface Asking {
  readonly home: string;
  readonly baseUrl: string;
  /** Default: the whole pool. */
  readonly rows: number;
  readonly budget?: number;
  /** Name of the task. Default: "coin". */
  readonly task?: string;
  readonly change?: Partial<EndpointOptions>;
}

export interface Prepared {
  /** The cell of the stage, and its annotator. */
  readonly resolved: ResolvedExperiment;
  readonly tasks: readonly Task[];
  readonly bench: StageBench;
  readonly stage: PlannedStage;
}

/** The activity that buys the rows from the model behind an endpoint. */
export async function prepareAsking(asking: Asking): Promise<Prepared> {
  const { home, baseUrl, rows, budget = rows, task = coinTask.name, change } = asking;
  process.env[keyVariable] = 'sk-rows';
  const asked = endpointAnnotator({
    name: 'model',
    description: 'A model.',
    baseUrl,
    model: 'judge-1',
    apiKeyVariable: keyVariable,
    prices: { inputUsdPerMillion: 10, outputUsdPerMillion: 100 },
    spendLimitUsd: 1000,
    concurrency: callsAtOnce,
    requestsPerMinute: 6_000_000,
    firstWaitMs: 1,
    ...change,
  });
  // Several programs ask for these rows, so the calling code must not be in the key.
  const model = definedAt(asked, undefined);
  const resolved = await resolveSmall(join(__dirname, '../../models/tiny-math'), {
    task,
    annotator: 'model',
    budget,
    sftFraction: 1,
    data: { source: 'synthetic', pool: rows, validation: 1, test: 1 },
  });
  const pinned = {
    ...resolved,
    annotator: await identified(model),
  };
  const tasks = [withAnnotators({ ...coinTask, name: task }, model)];
  return {
    resolved: pinned,
    tasks,
    bench: createBench(home, { deps: { tasks } }),
    stage: planStage(stageKinds.synthesizeData, { resolved: pinned, seed: 0 }, { rows: budget }),
  };
}
