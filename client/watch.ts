import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { CellProgress, SweepProgress, SweepResult, SweepReturn } from '../contracts/results';
import { BudgetlineError } from '../core/failures';
import type { PlannedStage, StageKey } from '../contracts/stage';
import { dependenciesOf, type SweepPlan } from '../planning';
import type { Store } from '../store';
import type { allocationSweep } from '../workflows';
import { toWorkflowError } from './failure';
import { completeResult, inPlanOrder } from './result-pages';
import { ServerTimeout } from './server-timeout';
import { listPending } from './pending';
import type { Pending } from './pending';
import { querySweep } from './progress';
import type { Started } from './start';

/** A stage that a cell, or the sweep itself, waits for now. */
export interface RunningStage extends Pending {
  /** Undefined for the sweep's ledger activities. */
  readonly stage: PlannedStage | undefined;
  readonly workflowId: string;
}

/** Status of a sweep, from its query and its pending activities. */
export interface SweepStatus {
  /** Null until a worker has answered for the first time. */
  readonly progress: SweepProgress | null;
  readonly running: readonly RunningStage[];
  /** Keys of the plan's stages that are known to be finished. */
  readonly finished: ReadonlySet<StageKey>;
}

export interface WatchOptions {
  readonly client: Client;
  readonly plan: SweepPlan;
  readonly started: Started<typeof allocationSweep>;
  readonly onStatus: (status: SweepStatus) => void;
  /** The workers' store: all pages but the last of a large sweep's result are there. */
  readonly store?: Store;
  /** Milliseconds between two polls. Default: 1,000. */
  readonly intervalMs?: number;
  /** Milliseconds for which the server may give no answer. Default: 120,000. */
  readonly serverTimeoutMs?: number;
  /** Reports that the server is silent, and that it answers again. */
  readonly onNotice?: (text: string) => void;
  /** Stops watching; the sweep goes on. */
  readonly signal?: AbortSignal;
}

const queryLimitMs = 3_000;
const describeLimitMs = 5_000;
const serverTimeoutMs = 120_000;
const askAgainMs = 1_000;

const createServerTimeout = (options: WatchOptions, onNotice?: WatchOptions['onNotice']): ServerTimeout =>
  new ServerTimeout({
    workflowId: options.started.workflowId,
    limitMs: options.serverTimeoutMs ?? serverTimeoutMs,
    onNotice,
  });

/** Polls a running sweep. */
class Watcher {
  readonly #finished = new Set<StageKey>();
  readonly #byKey: ReadonlyMap<StageKey, PlannedStage>;
  readonly #serverTimeout: ServerTimeout;
  #progress: SweepProgress | null = null;

  constructor(private readonly options: WatchOptions) {
    const { plan } = options;
    this.#serverTimeout = createServerTimeout(options, options.onNotice);
    const planned = plan.stages.map(({ stage }) => stage);
    const { certain, winnerControls } = plan.controls;
    const controls = [...certain, ...winnerControls].flatMap(({ stages }) => stages);
    this.#byKey = new Map([...planned, ...controls].map((stage) => [stage.key, stage]));
  }

  /** @throws BudgetlineError TEMPORAL_SILENT */
  async look(): Promise<SweepStatus> {
    const [progress, ofSweep] = await Promise.all([
      this.#query(),
      this.#lookAt(this.options.started.workflowId),
    ]);
    this.#progress = progress ?? this.#progress;
    const cells = this.#progress?.cells ?? [];
    if ((this.#progress?.baseScore ?? null) !== null) this.#finish(this.options.plan.base);
    for (const cell of cells) if (cell.state === 'done') this.#finish(this.#stagesOf(cell));
    const ofCells = cells.filter(({ state }) => state === 'running').map((cell) => this.#lookAtCell(cell));
    const running = [...ofSweep, ...(await Promise.all(ofCells)).flat()];
    return { progress: this.#progress, running, finished: this.#finished };
  }

  /** Undefined while no worker answers. */
  async #query(): Promise<SweepProgress | undefined> {
    const { client, started } = this.options;
    try {
      return await querySweep(client, started.handle, queryLimitMs);
    } catch (error) {
      if (error instanceof BudgetlineError) throw error;
      return undefined;
    }
  }

  #stagesOf({ cell }: CellProgress): readonly PlannedStage[] {
    return this.options.plan.cells.find((other) => other.cell.id === cell.id)?.stages ?? [];
  }

  #finish(stages: readonly PlannedStage[]): void {
    for (const { key } of stages) this.#finished.add(key);
  }

  /** The stages that a running one reads, and those that these read, are finished. */
  async #lookAtCell(cell: CellProgress): Promise<RunningStage[]> {
    const running = await this.#lookAt(cell.workflowId);
    for (const { stage } of running) if (stage !== undefined) this.#finishInputs(stage);
    return running;
  }

  #finishInputs(stage: PlannedStage): void {
    for (const key of dependenciesOf(stage)) {
      const input = this.#byKey.get(key);
      if (input === undefined || this.#finished.has(key)) continue;
      this.#finish([input]);
      this.#finishInputs(input);
    }
  }

  async #lookAt(workflowId: string): Promise<RunningStage[]> {
    return (await this.#pendingOf(workflowId)).map((pending) => ({
      ...pending,
      stage: this.#byKey.get(pending.stageKey ?? ''),
      workflowId,
    }));
  }

  async #pendingOf(workflowId: string): Promise<Pending[]> {
    const { client } = this.options;
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

async function pause(ms: number, ended: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: ended }).catch(() => undefined);
}

async function lookUntil(ended: AbortSignal, options: WatchOptions): Promise<void> {
  const watcher = new Watcher(options);
  const isOver = (): boolean => ended.aborted;
  while (!isOver()) {
    const status = await watcher.look();
    if (isOver()) return;
    options.onStatus(status);
    await pause(options.intervalMs ?? 1_000, ended);
  }
}

/** The sweep's result. Calls again while the server is away. */
async function awaitReturn(ended: AbortSignal, options: WatchOptions): Promise<SweepReturn> {
  const serverTimeout = createServerTimeout(options);
  for (;;) {
    const returned = await serverTimeout.call(() => options.started.handle.result());
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
 * Follows a sweep to its result and reports its status. Waits for a server that is away for a while.
 *
 * @throws BudgetlineError with the code of what ended the sweep; TEMPORAL_SILENT if the server stays away;
 * the signal's reason if watching was stopped
 */
export async function watchSweep(options: WatchOptions): Promise<SweepResult> {
  const ended = new AbortController();
  // Each call to the server listens to it.
  setMaxListeners(0, ended.signal);
  const looking = lookUntil(ended.signal, options);
  // A call that is left to a closed connection and is then retried would end the process.
  const waiting = options.client.withAbortSignal(ended.signal, () => awaitReturn(ended.signal, options));
  try {
    const returned = await Promise.race([waiting, whenAborted(options.signal), whenFailed(looking)]);
    return inPlanOrder(await completeResult(returned, options.store), options.plan);
  } catch (error) {
    throw await toWorkflowError(error, options.started.workflowId);
  } finally {
    ended.abort();
    await Promise.allSettled([looking]);
  }
}
