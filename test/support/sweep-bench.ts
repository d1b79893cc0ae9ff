import type { Client } from '@temporalio/client';
import { connect, resolveDefinition, startSweep, watchSweep } from '../../client';
import type { SweepStatus } from '../../client';
import type { ResolvedSweep, SweepInput } from '../../contracts/definition';
import type { SweepResult } from '../../contracts/results';
import { planSweep } from '../../planning';
import type { SweepPlan } from '../../planning';
import { defineSweep } from '../../planning/define';
import { gradeSchoolMathDefaults } from '../../tasks';
import { builtInTasks, connectWorker, createWorker } from '../../workers';
import type { Orchestration } from '../../workflows/orchestration';
import { countingTrainer } from './counted-trainer';
import { testServer } from './temporal';

/** A sweep of the embedded model that takes seconds; `change` overrides. */
export function resolveTinySweep(change: Partial<SweepInput> = {}): Promise<ResolvedSweep> {
  const definition = defineSweep({
    ...gradeSchoolMathDefaults,
    name: 'tiny',
    annotator: 'majority-error',
    budgets: [8, 16],
    sftFractions: [1, 0.5],
    evaluation: { items: 12, maxNewTokens: 48 },
    ...change,
  });
  return resolveDefinition(definition, { tasks: builtInTasks });
}

/** Both workers of a home in this process, for as long as `use` takes. */
export async function withWorkers<T>(home: string, use: (client: Client) => Promise<T>): Promise<T> {
  const { address } = await testServer();
  const { connection } = await connectWorker(address);
  const trainer = { command: countingTrainer(home) };
  const workers = await Promise.all(
    ['cpu', 'gpu'].map((queue) => createWorker({ connection, home, queue, trainer })),
  );
  const ended = Promise.all(workers.map((worker) => worker.run()));
  const client = await connect({ address });
  try {
    return await use(client);
  } finally {
    for (const worker of workers) worker.stop();
    await ended;
    await Promise.all([connection.close(), client.connection.close()]);
  }
}

export interface RanSweep {
  readonly plan: SweepPlan;
  readonly result: SweepResult;
  readonly statuses: readonly SweepStatus[];
}

/** Starts a sweep and follows it to its end. */
export async function runSweep(
  client: Client,
  resolved: ResolvedSweep,
  { orchestration = {}, home }: { orchestration?: Partial<Orchestration>; home?: string } = {},
): Promise<RanSweep> {
  const plan = planSweep(resolved);
  const started = await startSweep(resolved, { client, orchestration });
  const statuses: SweepStatus[] = [];
  const onStatus = (status: SweepStatus): void => void statuses.push(status);
  const result = await watchSweep({
    ...{ client, plan, started, onStatus, intervalMs: 250 },
    ...(home === undefined ? {} : { home }),
  });
  return { plan, result, statuses };
}
