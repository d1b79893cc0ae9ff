import type { Client } from '@temporalio/client';
import { connect, startSweep, watchSweep } from '../../client';
import { resolveDefinition, type SweepInput } from '../../definitions';
import type { ResolvedSweep } from '../../contracts/resolved';
import type { SweepResult } from '../../contracts/results';
import { planGrid } from '../../planning';
import { defineSweep } from '../../definitions';
import { createFolderStore } from '../../store';
import { gradeSchoolMathDefaults } from '../../tasks';
import { builtInTasks } from '../../workers';
import { World, type WorldOptions } from './world';

const { sft, preference } = gradeSchoolMathDefaults;

/**
 * Twelve cells of the embedded model, with stages long enough to be hit; `change` overrides. Learning rates are low: at
 * the recipe's own, hundreds of steps turn a difference in the last bit, from a smaller micro-batch, into several tenths
 * of the weights.
 */
export function resolveChaosSweep(change: Partial<SweepInput> = {}): Promise<ResolvedSweep> {
  const definition = defineSweep({
    ...gradeSchoolMathDefaults,
    name: 'chaos',
    annotator: 'majority-error',
    budgets: [96, 128, 160],
    sftFractions: [1, 0.5, 0.25, 0],
    sft: { ...sft, epochs: 24, learningRate: 2e-4 },
    preference: { ...preference, epochs: 12, learningRate: 2e-5 },
    evaluation: { items: 400, maxNewTokens: 48 },
    controls: [],
    // Faults must not exhaust the retry budget.
    execution: { checkpointEverySteps: 2, infrastructureRetries: 1_000 },
    ...change,
  });
  return resolveDefinition(definition, { tasks: builtInTasks });
}

/** Follows a sweep to its end. */
async function awaitEnd(client: Client, resolved: ResolvedSweep, options: RunOptions): Promise<SweepResult> {
  const { signal, world, heartbeatSeconds } = options;
  const orchestration = { heartbeatSeconds, maxConcurrentCells: 4 };
  const started = await startSweep(resolved, { client, orchestration });
  const plan = await planGrid(resolved);
  return watchSweep({
    client,
    plan,
    started,
    store: createFolderStore(world.home),
    signal,
    onStatus: () => undefined,
  });
}

export interface RunOptions {
  readonly world: WorldOptions;
  /** Seconds without a heartbeat after which an attempt counts as lost. */
  readonly heartbeatSeconds: number;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

/** Runs a sweep in its own world, which is closed afterwards; `meanwhile` may disturb it. */
export async function runInWorld(
  resolved: ResolvedSweep,
  options: RunOptions,
  meanwhile: (world: World, client: Client, over: AbortSignal) => Promise<void> = () => Promise.resolve(),
): Promise<SweepResult> {
  const world = await World.open(options.world);
  const over = new AbortController();
  try {
    const client = await connect({ address: world.address });
    const ended = awaitEnd(client, resolved, options).finally(() => over.abort());
    ended.catch(() => undefined);
    await meanwhile(world, client, over.signal);
    const result = await ended;
    await client.connection.close();
    return result;
  } finally {
    await world.close();
  }
}
