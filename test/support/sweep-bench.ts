import type { Client } from '@temporalio/client';
import { startSweep, watchSweep } from '../../client';
import { resolveDefinition, type SweepInput } from '../../definitions';
import type { SweepStatus } from '../../client';
import type { ResolveOptions } from '../../definitions';
import type { ResolvedSweep } from '../../contracts/resolved';
import type { SweepResult } from '../../contracts/results';
import { planGrid } from '../../planning';
import type { SweepPlan } from '../../planning';
import { defineSweep } from '../../definitions';
import { createFolderStore } from '../../store';
import { gradeSchoolMathDefaults } from '../../tasks';
import { builtInTasks, createWorker, type WorkerSettings } from '../../workers';
import type { Orchestration } from '../../workflows/orchestration';
import { countingTrainer } from './counted-trainer';
import { whilePolling } from './polling';

/** A sweep of the embedded model that takes seconds, compared on test items; `change` overrides. */
export function resolveTinySweep(
  change: Partial<SweepInput> = {},
  options: Partial<ResolveOptions> = {},
): Promise<ResolvedSweep> {
  const definition = defineSweep({
    ...gradeSchoolMathDefaults,
    name: 'tiny',
    annotator: 'majority-error',
    budgets: [8, 16],
    sftFractions: [1, 0.5],
    ...change,
    evaluation: { items: 12, maxNewTokens: 48, split: 'test', ...change.evaluation },
  });
  return resolveDefinition(definition, { tasks: builtInTasks, ...options });
}

/** Runs `use` with both workers of a home in this process; `own` are the user's tasks and members. */
export function withWorkers<T>(
  home: string,
  use: (client: Client) => Promise<T>,
  own: Pick<WorkerSettings, 'tasks' | 'members'> = {},
): Promise<T> {
  const trainer = { command: countingTrainer(home) };
  return whilePolling(
    (connection) =>
      Promise.all(['cpu', 'gpu'].map((queue) => createWorker({ connection, home, queue, trainer, ...own }))),
    use,
  );
}

export interface RanSweep {
  readonly resolved: ResolvedSweep;
  readonly plan: SweepPlan;
  readonly result: SweepResult;
  readonly statuses: readonly SweepStatus[];
}

/** Runs a sweep to its end. */
export async function runSweep(
  client: Client,
  resolved: ResolvedSweep,
  { orchestration = {}, home }: { orchestration?: Partial<Orchestration>; home?: string } = {},
): Promise<RanSweep> {
  const plan = await planGrid(resolved);
  const started = await startSweep(resolved, { client, orchestration });
  const statuses: SweepStatus[] = [];
  const onStatus = (status: SweepStatus): void => void statuses.push(status);
  const result = await watchSweep({
    client,
    plan,
    started,
    onStatus,
    intervalMs: 250,
    store: home === undefined ? undefined : createFolderStore(home),
  });
  return { resolved, plan, result, statuses };
}
