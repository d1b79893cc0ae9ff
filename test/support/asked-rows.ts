import { join } from 'node:path';
import { endpointAnnotator, type EndpointOptions, withAnnotators } from '../../annotators';
import type { PlannedStage } from '../../contracts/stage';
import { demonstrationsStage } from '../../planning';
import { coinTask } from './coin-task';
import { createBench, identified, resolveSmall, type StageBench } from './stage-bench';

const keyVariable = 'BUDGETLINE_TEST_ROWS_KEY';
export const callsAtOnce = 16;

export interface Asking {
  readonly home: string;
  readonly baseUrl: string;
  readonly rows: number;
  readonly change?: Partial<EndpointOptions>;
}

/** The activity that buys so many rows of the model behind an endpoint. */
export async function prepareAsking(asking: Asking): Promise<{ bench: StageBench; stage: PlannedStage }> {
  const { home, baseUrl, rows, change } = asking;
  process.env[keyVariable] = 'sk-rows';
  const model = endpointAnnotator({
    ...{ name: 'model', description: 'A model.', baseUrl, model: 'judge-1', apiKeyVariable: keyVariable },
    prices: { inputUsdPerMillion: 10, outputUsdPerMillion: 100 },
    ...{ spendLimitUsd: 1000, concurrency: callsAtOnce, requestsPerMinute: 6_000_000, firstWaitMs: 1 },
    ...change,
  });
  const resolved = await resolveSmall(join(__dirname, '../../models/tiny-math'), {
    ...{ annotator: 'model', budget: rows, sftFraction: 1 },
    data: { source: 'twin', pool: rows, validation: 1, test: 1 },
  });
  const pinned = { ...resolved, annotator: await identified(model) };
  return {
    bench: createBench(home, { deps: { tasks: [withAnnotators(coinTask, model)] } }),
    stage: demonstrationsStage({ resolved: pinned, seed: 0 }, { rows }),
  };
}
