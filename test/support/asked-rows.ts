import { join } from 'node:path';
import { endpointAnnotator, withAnnotators } from '../../annotators';
import type { StageResult } from '../../contracts/stage';
import { demonstrationsStage } from '../../planning';
import { coinTask } from './coin-task';
import { createBench, identified, resolveSmall } from './stage-bench';

const keyVariable = 'BUDGETLINE_TEST_ROWS_KEY';
export const callsAtOnce = 16;

/** One activity that buys so many rows of the model behind an endpoint. */
export async function buyRows({
  home,
  baseUrl,
  rows,
}: {
  readonly home: string;
  readonly baseUrl: string;
  readonly rows: number;
}): Promise<StageResult> {
  process.env[keyVariable] = 'sk-rows';
  const model = endpointAnnotator({
    ...{ name: 'model', description: 'A model.', baseUrl, model: 'judge-1', apiKeyVariable: keyVariable },
    prices: { inputUsdPerMillion: 10, outputUsdPerMillion: 100 },
    ...{ spendLimitUsd: 1000, concurrency: callsAtOnce, requestsPerMinute: 6_000_000 },
  });
  const small = await resolveSmall(join(__dirname, '../../models/tiny-math'), {
    ...{ annotator: 'model', budget: rows, sftFraction: 1 },
    data: { source: 'twin', pool: rows, validation: 1, test: 1 },
  });
  const resolved = { ...small, annotator: await identified(model) };
  const bench = createBench(home, { deps: { tasks: [withAnnotators(coinTask, model)] } });
  return bench.run(demonstrationsStage({ resolved, seed: 0 }, { rows }));
}
