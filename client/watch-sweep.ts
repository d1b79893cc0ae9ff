import type { CellProgress, SweepProgress, SweepResult } from '../contracts/results';
import type { PlannedStage, StageKey } from '../contracts/stage';
import { dependenciesOf, planBaseTest, planTest, type SweepPlan } from '../planning';
import type { Store } from '../store';
import type { allocationSweep } from '../workflows';
import type { Pending } from './pending';
import { queryExperiment, querySweep } from './progress';
import { completeResult, inPlanOrder } from './result-pages';
import type { Started } from './start';
import {
  askWorker,
  PendingReader,
  queryLimitMs,
  type RunningStage,
  watchRun,
  type WatchRunOptions,
} from './watch-run';

/** Status of a sweep, from its query and its pending activities. */
export interface SweepStatus {
  /** Null until a worker has answered for the first time. */
  readonly progress: SweepProgress | null;
  readonly running: readonly RunningStage[];
  /** Keys of the plan's stages that are known to be finished. */
  readonly finished: ReadonlySet<StageKey>;
}

export interface WatchOptions extends WatchRunOptions {
  readonly plan: SweepPlan;
  readonly started: Started<typeof allocationSweep>;
  readonly onStatus: (status: SweepStatus) => void;
  /** The workers' store: all pages but the last of a large sweep's result are there. */
  readonly store?: Store;
}

/** Polls a running sweep. */
class SweepWatcher {
  readonly #finished = new Set<StageKey>();
  readonly #planned: ReadonlyMap<StageKey, PlannedStage>;
  /** Stages that results decided about, as their cells name them. */
  readonly #unplanned = new Map<StageKey, RunningStage['stage']>();
  readonly #pending: PendingReader;
  #progress: SweepProgress | null = null;

  constructor(private readonly options: WatchOptions) {
    const { plan, started } = options;
    this.#pending = new PendingReader(started.workflowId, options);
    const planned = plan.stages.map(({ stage }) => stage);
    const { certain, winnerControls } = plan.controls;
    const controls = [...certain, ...winnerControls];
    const tests = [
      ...plan.variants.flatMap(planBaseTest),
      ...plan.cells.flatMap((cell) => planTest({ of: cell.cell.id, planned: cell })),
      ...winnerControls.flatMap((control) => planTest({ of: control.id, planned: control })),
    ];
    const further = [...controls.flatMap(({ stages }) => stages), ...tests.map(({ stage }) => stage)];
    this.#planned = new Map([...planned, ...further].map((stage) => [stage.key, stage]));
  }

  /** @throws BudgetlineError TEMPORAL_SILENT */
  async look(): Promise<SweepStatus> {
    const { client, started, plan } = this.options;
    const [progress, ofSweep] = await Promise.all([
      askWorker(() => querySweep(client, started.handle, queryLimitMs)),
      this.#lookAt(started.workflowId),
    ]);
    this.#progress = progress ?? this.#progress;
    const cells = this.#progress?.cells ?? [];
    if ((this.#progress?.baseScore ?? null) !== null) this.#finish(plan.base);
    for (const cell of cells) if (cell.state === 'done') this.#finish(this.#stagesOf(cell));
    const ofCells = cells.filter(({ state }) => state === 'running').map((cell) => this.#lookAtCell(cell));
    const running = [...ofSweep, ...(await Promise.all(ofCells)).flat()];
    return { progress: this.#progress, running, finished: this.#finished };
  }

  #stagesOf({ cell }: CellProgress): readonly PlannedStage[] {
    return this.options.plan.cells.find((other) => other.cell.id === cell.id)?.stages ?? [];
  }

  #finish(stages: readonly { readonly key: StageKey }[]): void {
    for (const { key } of stages) if (this.#planned.has(key)) this.#finished.add(key);
  }

  /** The stages that a running one reads, and those that these read, are finished. */
  async #lookAtCell({ workflowId }: CellProgress): Promise<RunningStage[]> {
    const pending = await this.#pending.read(workflowId);
    if (pending.some(({ stageKey }) => this.#isUnknown(stageKey))) await this.#askCell(workflowId);
    for (const { stageKey = '' } of pending) this.#finishInputs(stageKey);
    return this.#named(pending, workflowId);
  }

  #isUnknown(key: StageKey | undefined): boolean {
    return key !== undefined && !this.#planned.has(key) && !this.#unplanned.has(key);
  }

  /** The cell itself knows which stages it has run, and the titles of those that are not in the plan. */
  async #askCell(workflowId: string): Promise<void> {
    const { client } = this.options;
    const handle = client.workflow.getHandle(workflowId);
    const progress = await askWorker(() => queryExperiment(client, handle, queryLimitMs));
    for (const stage of progress?.running ?? []) this.#unplanned.set(stage.key, stage);
    this.#finish(progress?.finished ?? []);
  }

  #finishInputs(key: StageKey): void {
    const stage = this.#planned.get(key);
    if (stage === undefined) return;
    for (const input of dependenciesOf(stage)) {
      if (this.#finished.has(input) || !this.#planned.has(input)) continue;
      this.#finished.add(input);
      this.#finishInputs(input);
    }
  }

  async #lookAt(workflowId: string): Promise<RunningStage[]> {
    return this.#named(await this.#pending.read(workflowId), workflowId);
  }

  #named(pending: readonly Pending[], workflowId: string): RunningStage[] {
    return pending.map((each) => {
      const key = each.stageKey ?? '';
      return { ...each, stage: this.#planned.get(key) ?? this.#unplanned.get(key), workflowId };
    });
  }
}

/**
 * Follows a sweep to its result and reports its status. Waits for a server that is away for a while.
 *
 * @throws BudgetlineError with the code of what ended the sweep; TEMPORAL_SILENT if the server stays away;
 * the signal's reason if watching was stopped
 */
export async function watchSweep(options: WatchOptions): Promise<SweepResult> {
  const watcher = new SweepWatcher(options);
  return watchRun({ ...options, look: () => watcher.look() }, async (returned) =>
    inPlanOrder(await completeResult(returned, options.store), options.plan),
  );
}
