/**
 * Buys rows of an endpoint in its own process: `node … asking-process.ts HOME BASE_URL ROWS [TASK SPEND_LIMIT_USD]`.
 * Waits its turn if another process asks, and prints the code of the failure that ends it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApplicationFailure } from '@temporalio/common';
import { prepareAsking } from './asked-rows';

const [home = '', baseUrl = '', rows = '', task, spendLimitUsd] = process.argv.slice(2);

async function buy(): Promise<string> {
  const limited = { spendLimitUsd: Number(spendLimitUsd), concurrency: 1, maxTokens: 10 };
  const { bench, stage } = await prepareAsking({
    home,
    baseUrl,
    rows: Number(rows),
    task,
    change: task === undefined ? undefined : limited,
  });
  for (let attempt = 1; ; attempt += 1) {
    const code = await bench.run(stage, { attempt }).then(
      () => 'done',
      (failure: unknown) => String((failure as ApplicationFailure).type),
    );
    if (code !== 'ANNOTATOR_BUSY') return code;
    await sleep(50);
  }
}

void buy().then((code) => process.stdout.write(`${code}\n`));
