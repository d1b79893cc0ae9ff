import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { readStatus, startSweep, steerRun, watchSweep, type RunStatus } from '../../client';
import type { ResolvedSweep } from '../../contracts/resolved';
import type { LedgerLine } from '../../schemas/ledger';
import type { SteeringCommand } from '../../schemas/steering';
import { planGrid } from '../../planning';
import { createFolderStore, identifyProcess } from '../../store';
import type { Orchestration } from '../../workflows/orchestration';
import { readTrainerStarts } from './counted-trainer';
import { untilCheckpointed, type Checkpointed } from './running-trainers';

/** Number of living trainers of a home. */
export async function livingTrainers(home: string): Promise<number> {
  const pids = readTrainerStarts(home).map(({ pid }) => pid);
  const living = await Promise.all(pids.map(identifyProcess));
  return living.filter((identity) => identity !== undefined).length;
}

/** Waits until a condition holds, long enough for a busy machine. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 120_000; ;) {
    if (await holds()) return;
    assert.ok(performance.now() < deadline, what);
    await sleep(50);
  }
}

/** The cells in a sweep's status. */
export const cellsOf = ({ progress }: RunStatus) => (progress?.of === 'sweep' ? progress.sweep.cells : []);

/** A running sweep, and what a test may ask of it. */
export class Going {
  private constructor(
    readonly client: Client,
    readonly home: string,
    readonly id: string,
    readonly runId: string,
    readonly ended: AbortController,
    readonly result: ReturnType<typeof watchSweep>,
  ) {}

  static async begin(
    { client, home }: { readonly client: Client; readonly home: string },
    resolved: ResolvedSweep,
    orchestration: Partial<Orchestration> = {},
  ): Promise<Going> {
    const plan = await planGrid(resolved);
    const started = await startSweep(resolved, { client, orchestration });
    const ended = new AbortController();
    const watched = { client, resolved, plan, started, store: createFolderStore(home), signal: ended.signal };
    const result = watchSweep({ ...watched, onStatus: () => undefined });
    result.catch(() => undefined);
    return new Going(client, home, plan.sweepId, started.runId, ended, result);
  }

  status(): Promise<RunStatus> {
    return readStatus(this.client, this.id);
  }

  steer(command: SteeringCommand, workflowId = this.id): Promise<void> {
    return steerRun({ client: this.client, workflowId, command, actor: 'ann' });
  }

  /** Waits for a living trainer that has written a checkpoint. */
  untilTraining(): Promise<Checkpointed> {
    return untilCheckpointed({ home: this.home }, AbortSignal.timeout(120_000));
  }

  untilNoTrainer(): Promise<void> {
    return until('no trainer lives', async () => (await livingTrainers(this.home)) === 0);
  }

  lines(): Promise<LedgerLine[]> {
    return createFolderStore(this.home).chain({ experiment: this.id }).read();
  }
}
