import {
  ApplicationFailure,
  condition,
  continueAsNew,
  defineSignal,
  executeChild,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { ResolvedExperiment, ResolvedSweep, SweepResult } from 'budgetline';
import { createStages, type Stages, warmStart } from 'budgetline/workflows';

/** Lets a waiting workflow go on. */
export const goOn = defineSignal('goOn');

const stagesOf = (resolved: ResolvedExperiment): Stages =>
  createStages({ resolved, seed: resolved.definition.seed });

async function untilGoOn(): Promise<void> {
  let goes = false;
  setHandler(goOn, () => void (goes = true));
  await condition(() => goes);
}

async function score(stages: Stages, rows: number): Promise<number> {
  const reference = await warmStart(stages, { sftRows: rows, pairRows: 0 });
  const evaluation = await stages.evaluate({ reference });
  return (await stages.metrics(evaluation)).score;
}

/** Trains on demonstrations, and evaluates. */
export const scored = (resolved: ResolvedExperiment): Promise<number> => score(stagesOf(resolved), 8);

/** Evaluates the base model, and waits before it trains. */
export async function waiting(resolved: ResolvedExperiment): Promise<number> {
  const stages = stagesOf(resolved);
  await score(stages, 0);
  await untilGoOn();
  return score(stages, 8);
}

/** Calls no stage before it goes on. */
export async function sleeping(resolved: ResolvedExperiment): Promise<number> {
  const stages = stagesOf(resolved);
  await sleep('1 day');
  return score(stages, 0);
}

/** Fails with an error of its own after its first stages. */
export async function failing(resolved: ResolvedExperiment): Promise<void> {
  await score(stagesOf(resolved), 0);
  throw ApplicationFailure.nonRetryable('The base model is good enough.', 'NOT_NEEDED');
}

/** Asks for more rows than the budget has. */
export const greedy = (resolved: ResolvedExperiment): Promise<number> => score(stagesOf(resolved), 5000);

/** Evaluates the base model; as a new run, trains. */
export async function continuing(resolved: ResolvedExperiment, isLast = false): Promise<number> {
  const found = await score(stagesOf(resolved), isLast ? 8 : 0);
  return isLast ? found : continueAsNew<typeof continuing>(resolved, true);
}

/** Has a sweep run, and no stages of its own. */
export const startsSweep = (resolved: ResolvedSweep, workflowId: string): Promise<SweepResult> =>
  executeChild('allocationSweep', { workflowId, taskQueue: 'cpu', args: [{ resolved }] });

/** Somebody else's workflow on the same server. */
export const foreign = (): Promise<void> => untilGoOn();
