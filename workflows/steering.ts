import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  currentUpdateInfo,
  defineSignal,
  defineUpdate,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ChildWorkflowHandle, Workflow, WorkflowResultType } from '@temporalio/workflow';
import type { PauseMode, SteeringCommand, SteeringRequest } from '../schemas/steering';
import { cancelRun, recordSteering } from './ledger';

/** Signal of a sweep to its cells: paused, or resumed. */
const parentPaused = defineSignal<[PauseMode | null]>('parentPaused');

const actions = ['cancel', 'pause', 'resume', 'concurrency'] as const;
const maxCells = 1000;

/** State of the updates so far. Small, because continue-as-new passes it on. */
export interface SteeringState {
  readonly paused: PauseMode | null;
  /** Cells that run at once; null in a cell's own workflow. */
  readonly maxConcurrentCells: number | null;
}

export interface SteeringOptions extends SteeringState {
  /** The experiment whose ledger records the updates. */
  readonly experimentId: string;
}

type Refusals = {
  readonly [A in SteeringCommand['action']]: (
    command: Extract<SteeringCommand, { action: A }>,
    state: SteeringState,
  ) => string | null;
};

/**
 * Why a command is rejected now; null if it is valid. Any client can send updates, so every field is
 * checked.
 */
const refusals: Refusals = {
  cancel: () => null,
  pause({ mode }, { paused }) {
    if (!['drain', 'yield'].includes(mode)) return 'The mode of a pause is "drain" or "yield".';
    if (paused === null || (paused === 'drain' && mode === 'yield')) return null;
    return `The run is already paused (${paused}).`;
  },
  resume: (_, { paused }) => (paused === null ? 'The run is not paused.' : null),
  concurrency({ cells }, { maxConcurrentCells }) {
    if (maxConcurrentCells === null) return 'Concurrency is a setting of a sweep; this run has no cells.';
    const fits = Number.isInteger(cells) && cells >= 1 && cells <= maxCells;
    return fits ? null : `Concurrency is a whole number of cells from 1 to ${maxCells}.`;
  },
};

/** Throws if the run itself was cancelled: then it ends as cancelled, whatever the last stage reported. */
async function throwIfCancelled(): Promise<void> {
  const { consideredCancelled, cancelRequested } = CancellationScope.current();
  if (consideredCancelled) await cancelRequested;
}

/**
 * Handles the updates cancel, pause, resume and concurrency. A command takes effect at once; its update
 * completes when the ledger has recorded it.
 */
export class Steering {
  #paused: PauseMode | null;
  #maxConcurrentCells: number | null;
  #cancelRequested = false;
  readonly #experimentId: string;
  readonly #stages = new Set<CancellationScope>();
  readonly #children = new Set<ChildWorkflowHandle<Workflow>>();

  constructor({ experimentId, paused, maxConcurrentCells }: SteeringOptions) {
    this.#experimentId = experimentId;
    this.#paused = paused;
    this.#maxConcurrentCells = maxConcurrentCells;
    for (const action of actions)
      setHandler(
        defineUpdate<SteeringState, [SteeringRequest]>(action),
        (request) => this.#execute({ ...request, action } as SteeringRequest),
        { validator: (request) => this.#check({ ...request, action } as SteeringRequest) },
      );
    setHandler(parentPaused, (mode) => this.#pause(mode));
  }

  get state(): SteeringState {
    return { paused: this.#paused, maxConcurrentCells: this.#maxConcurrentCells };
  }

  /** Cells that may run at once: 0 while paused. */
  get concurrency(): number {
    return this.#paused === null ? (this.#maxConcurrentCells ?? 1) : 0;
  }

  /**
   * Runs a stage while the run is not paused. A yield cancels only the stage: it writes a checkpoint, and
   * runs again when the run is resumed.
   */
  async runStage<T>(stage: () => Promise<T>): Promise<T> {
    for (;;) {
      await condition(() => this.#paused === null);
      const scope = new CancellationScope();
      this.#stages.add(scope);
      try {
        return await scope.run(stage);
      } catch (error) {
        await throwIfCancelled();
        // A yielded stage runs again whatever its error: Temporal retries nothing after the cancellation
        // request.
        if (!scope.consideredCancelled) throw error;
      } finally {
        this.#stages.delete(scope);
      }
    }
  }

  /** Awaits a child, and passes pauses and resumes on to it meanwhile. */
  async awaitChild<W extends Workflow>(child: ChildWorkflowHandle<W>): Promise<WorkflowResultType<W>> {
    const handle = child as unknown as ChildWorkflowHandle<Workflow>;
    this.#children.add(handle);
    if (this.#paused !== null) this.#signalPause(handle);
    try {
      return await child.result();
    } finally {
      this.#children.delete(handle);
    }
  }

  /** Runs `work`, then waits until every update has completed. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      await this.finishUpdates();
    }
  }

  /** Resolves when every update has completed. Throws if the run was cancelled meanwhile. */
  async finishUpdates(): Promise<void> {
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
    await throwIfCancelled();
  }

  #check(request: SteeringRequest): void {
    const refuse = refusals[request.action] as (
      command: SteeringCommand,
      state: SteeringState,
    ) => string | null;
    const named = typeof request.actor === 'string' && request.actor !== '' && request.actor.length <= 200;
    const reason = this.#cancelRequested
      ? 'The run is being cancelled.'
      : named
        ? refuse(request, this.state)
        : 'The field "actor" names who asks, in at most 200 characters.';
    if (reason !== null) throw ApplicationFailure.nonRetryable(reason, 'STEERING_REFUSED');
  }

  async #execute({ actor, ...command }: SteeringRequest): Promise<SteeringState> {
    const requestId = currentUpdateInfo()?.id ?? '';
    const { workflowId } = workflowInfo();
    const line = { experimentId: this.#experimentId, workflowId, requestId, actor, command };
    await CancellationScope.nonCancellable(() => Promise.all([this.#apply(command), recordSteering(line)]));
    return this.state;
  }

  async #apply(command: SteeringCommand): Promise<void> {
    if (command.action === 'pause') this.#pause(command.mode);
    if (command.action === 'resume') this.#pause(null);
    if (command.action === 'concurrency') this.#maxConcurrentCells = command.cells;
    if (command.action !== 'cancel') return;
    this.#cancelRequested = true;
    // A run that cancels its own scope ends as "failed", and the server rejects a request of a run to
    // cancel itself.
    const { workflowId, runId } = workflowInfo();
    await cancelRun({ workflowId, runId });
  }

  #pause(mode: PauseMode | null): void {
    this.#paused = mode;
    if (mode === 'yield') for (const scope of this.#stages) scope.cancel();
    for (const child of this.#children) this.#signalPause(child);
  }

  #signalPause(child: ChildWorkflowHandle<Workflow>): void {
    // The child may have ended meanwhile.
    child.signal(parentPaused, this.#paused).catch(() => undefined);
  }
}
