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

/** A parent tells its children that it was paused, or resumed. */
const parentPaused = defineSignal<[PauseMode | null]>('parentPaused');

const actions = ['cancel', 'pause', 'resume', 'concurrency'] as const;
const mostCells = 1000;

/** What has been asked of a run so far; small, so that it can be carried into the next page. */
export interface SteeringState {
  readonly paused: PauseMode | null;
  /** Cells at once; null where there is nothing to set. */
  readonly window: number | null;
}

export interface SteeringOptions extends SteeringState {
  /** In whose chain it is told who asked for what. */
  readonly experimentId: string;
}

type Refusals = {
  readonly [A in SteeringCommand['action']]: (
    command: Extract<SteeringCommand, { action: A }>,
    state: SteeringState,
  ) => string | null;
};

/** Why a command makes no sense now; null where it does. Updates may come from any client, so fields are looked at. */
const refusals: Refusals = {
  cancel: () => null,
  pause({ mode }, { paused }) {
    if (!['drain', 'yield'].includes(mode)) return 'A pause has the mode "drain" or "yield".';
    if (paused === null || (paused === 'drain' && mode === 'yield')) return null;
    return `It is paused already (${paused}).`;
  },
  resume: (_, { paused }) => (paused === null ? 'It is not paused.' : null),
  concurrency({ cells }, { window }) {
    if (window === null) return 'A cell runs one stage after another; set the concurrency of its sweep.';
    const fits = Number.isInteger(cells) && cells >= 1 && cells <= mostCells;
    return fits ? null : `Concurrency is a whole number of cells from 1 to ${mostCells}.`;
  },
};

/** Throws where the run itself was cancelled: that ends it as cancelled, however a stage of it ended. */
async function assertWanted(): Promise<void> {
  const { consideredCancelled, cancelRequested } = CancellationScope.current();
  if (consideredCancelled) await cancelRequested;
}

/**
 * What people can do to a run while it goes on: the updates cancel, pause, resume and concurrency. A command takes
 * effect at once; its update is complete when the ledger tells of it.
 */
export class Steering {
  #paused: PauseMode | null;
  #window: number | null;
  #cancelAsked = false;
  readonly #experimentId: string;
  readonly #stages = new Set<CancellationScope>();
  readonly #children = new Set<ChildWorkflowHandle<Workflow>>();

  constructor({ experimentId, paused, window }: SteeringOptions) {
    this.#experimentId = experimentId;
    this.#paused = paused;
    this.#window = window;
    for (const action of actions)
      setHandler(
        defineUpdate<SteeringState, [SteeringRequest]>(action),
        (request) => this.#obey({ ...request, action } as SteeringRequest),
        { validator: (request) => this.#check({ ...request, action } as SteeringRequest) },
      );
    setHandler(parentPaused, (mode) => this.#pause(mode));
  }

  get state(): SteeringState {
    return { paused: this.#paused, window: this.#window };
  }

  /** Cells that may run at once: none while paused. */
  get width(): number {
    return this.#paused === null ? (this.#window ?? 1) : 0;
  }

  /**
   * Runs a stage when the run is not paused. A yield cancels the stage alone: it checkpoints, and is asked for again
   * when the run is resumed.
   */
  async runStage<T>(stage: () => Promise<T>): Promise<T> {
    for (;;) {
      await condition(() => this.#paused === null);
      const scope = new CancellationScope();
      this.#stages.add(scope);
      try {
        return await scope.run(stage);
      } catch (error) {
        await assertWanted();
        // A yielded stage is asked for again however it ended: nothing was retried once it was to end.
        if (!scope.consideredCancelled) throw error;
      } finally {
        this.#stages.delete(scope);
      }
    }
  }

  /** A child is paused and resumed as its parent is, for as long as it runs. */
  async lead<W extends Workflow>(child: ChildWorkflowHandle<W>): Promise<WorkflowResultType<W>> {
    const led = child as unknown as ChildWorkflowHandle<Workflow>;
    this.#children.add(led);
    if (this.#paused !== null) this.#tell(led);
    try {
      return await child.result();
    } finally {
      this.#children.delete(led);
    }
  }

  /** Ends with the work, but not before every update has its answer. */
  async conclude<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      await this.settle();
    }
  }

  /** Resolves when every update has its answer. Throws where the run was cancelled meanwhile. */
  async settle(): Promise<void> {
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
    await assertWanted();
  }

  #check(request: SteeringRequest): void {
    const refuse = refusals[request.action] as (
      command: SteeringCommand,
      state: SteeringState,
    ) => string | null;
    const named = typeof request.actor === 'string' && request.actor !== '' && request.actor.length <= 200;
    const reason = this.#cancelAsked
      ? 'It is being cancelled.'
      : named
        ? refuse(request, this.state)
        : 'The field "actor" says who asks, in at most 200 characters.';
    if (reason !== null) throw ApplicationFailure.nonRetryable(reason, 'STEERING_REFUSED');
  }

  async #obey({ actor, ...command }: SteeringRequest): Promise<SteeringState> {
    const requestId = currentUpdateInfo()?.id ?? '';
    const { workflowId } = workflowInfo();
    const line = { experimentId: this.#experimentId, workflowId, requestId, actor, command };
    await CancellationScope.nonCancellable(() => Promise.all([this.#apply(command), recordSteering(line)]));
    return this.state;
  }

  async #apply(command: SteeringCommand): Promise<void> {
    if (command.action === 'pause') this.#pause(command.mode);
    if (command.action === 'resume') this.#pause(null);
    if (command.action === 'concurrency') this.#window = command.cells;
    if (command.action !== 'cancel') return;
    this.#cancelAsked = true;
    // A run that cancels its own scope ends as "failed"; the server refuses one that asks it to cancel itself.
    const { workflowId, runId } = workflowInfo();
    await cancelRun({ workflowId, runId });
  }

  #pause(mode: PauseMode | null): void {
    this.#paused = mode;
    if (mode === 'yield') for (const scope of this.#stages) scope.cancel();
    for (const child of this.#children) this.#tell(child);
  }

  #tell(child: ChildWorkflowHandle<Workflow>): void {
    // A child that has ended meanwhile has nothing to be told.
    child.signal(parentPaused, this.#paused).catch(() => undefined);
  }
}
