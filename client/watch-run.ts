import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowResultType } from '@temporalio/client';
import { BudgetlineError, defaultOutageHours } from '../core/failures';
import type { PlannedStage } from '../contracts/stage';
import type { allocationExperiment, allocationSweep } from '../workflows';
import { toWorkflowError } from './failure';
import { listPending, type Pending } from './pending';
import { ServerTimeout } from './server-timeout';
import type { Started } from './start';

/** A stage that a run waits for now. */
export interface RunningStage extends Pending {
  /** Undefined for ledger activities, and while no worker has named a stage that the plan did not know. */
  readonly stage: Pick<PlannedStage, 'key' | 'kind' | 'title'> | undefined;
  readonly workflowId: string;
}

export interface WatchRunOptions {
  readonly client: Client;
  /** Milliseconds between two polls. Default: 1,000. */
  readonly intervalMs?: number;
  /** Hours for which the server may give no answer. Default: 24. */
  readonly outageHours?: number;
  /** Reports that the server is silent, and that it answers again. */
  readonly onNotice?: (text: string) => void;
  /** Stops watching; the run goes on. */
  readonly signal?: AbortSignal;
}

type AnyWorkflow = typeof allocationSweep | typeof allocationExperiment;

/** A run to watch: `look` reads its status. */
export interface WatchedRun<W extends AnyWorkflow, Status> extends WatchRunOptions {
  readonly started: Started<W>;
  readonly look: () => Promise<Status>;
  readonly onStatus: (status: Status) => void;
}

export const queryLimitMs = 3_000;
const describeLimitMs = 5_000;
const hourMs = 3_600_000;
const askAgainMs = 1_000;

/** Reads the activities that workflows of one run wait for. */
export class PendingReader {
  readonly #client: Client;
  readonly #serverTimeout: ServerTimeout;

  /** @param workflowId the run that errors name */
  constructor(workflowId: string, { client, outageHours = defaultOutageHours, onNotice }: WatchRunOptions) {
    this.#client = client;
    this.#serverTimeout = new ServerTimeout({ workflowId, limitMs: outageHours * hourMs, onNotice });
  }

  /** @throws BudgetlineError TEMPORAL_SILENT */
  async read(workflowId: string): Promise<Pending[]> {
    const client = this.#client;
    const list = (): Promise<Pending[]> =>
      client.connection.withDeadline(Date.now() + describeLimitMs, () => listPending(client, workflowId));
    try {
      return (await this.#serverTimeout.call(list)) ?? [];
    } catch (error) {
      if (error instanceof BudgetlineError) throw error;
      // The workflow has not started, or has ended.
      return [];
    }
  }
}

/**
 * The answer of a query; undefined while no worker answers.
 *
 * @throws BudgetlineError if the answer is encrypted with a key that is missing
 */
export async function askWorker<T>(query: () => Promise<T>): Promise<T | undefined> {
  try {
    return await query();
  } catch (error) {
    if (error instanceof BudgetlineError) throw error;
    return undefined;
  }
}

async function pause(ms: number, ended: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: ended }).catch(() => undefined);
}

async function lookUntil<W extends AnyWorkflow, Status>(
  ended: AbortSignal,
  { look, onStatus, intervalMs = 1_000 }: WatchedRun<W, Status>,
): Promise<void> {
  const isOver = (): boolean => ended.aborted;
  while (!isOver()) {
    const status = await look();
    if (isOver()) return;
    onStatus(status);
    await pause(intervalMs, ended);
  }
}

/** What the run returns. Calls again while the server is away. */
async function awaitReturn<W extends AnyWorkflow, Status>(
  ended: AbortSignal,
  { started, outageHours = defaultOutageHours }: WatchedRun<W, Status>,
): Promise<WorkflowResultType<W>> {
  const serverTimeout = new ServerTimeout({ workflowId: started.workflowId, limitMs: outageHours * hourMs });
  for (;;) {
    const returned = await serverTimeout.call(() => started.handle.result());
    if (returned !== undefined) return returned;
    ended.throwIfAborted();
    await pause(askAgainMs, ended);
  }
}

function whenAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => {
      reject(signal?.reason as Error);
    };
    if (signal?.aborted === true) stop();
    signal?.addEventListener('abort', stop, { once: true });
  });
}

function whenFailed(work: Promise<unknown>): Promise<never> {
  return new Promise((_, reject) => {
    work.catch(reject);
  });
}

/**
 * Follows a run to what it returns, and reports its status. Waits for a server that is away for a while.
 *
 * @param finish completes what the workflow returned
 * @throws BudgetlineError with the code of what ended the run; TEMPORAL_SILENT if the server stays away; the signal's
 * reason if watching was stopped
 */
export async function watchRun<W extends AnyWorkflow, Status, Result>(
  run: WatchedRun<W, Status>,
  finish: (returned: WorkflowResultType<W>) => Result | Promise<Result>,
): Promise<Result> {
  const ended = new AbortController();
  // Each call to the server listens to it.
  setMaxListeners(0, ended.signal);
  const looking = lookUntil(ended.signal, run);
  // A call that is left to a closed connection and is then retried would end the process.
  const waiting = run.client.withAbortSignal(ended.signal, () => awaitReturn(ended.signal, run));
  try {
    return await finish(await Promise.race([waiting, whenAborted(run.signal), whenFailed(looking)]));
  } catch (error) {
    throw await toWorkflowError(error, run.started.workflowId);
  } finally {
    ended.abort();
    await Promise.allSettled([looking]);
  }
}
