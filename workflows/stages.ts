import { ActivityCancellationType, isCancellation, proxyActivities, uuid4 } from '@temporalio/workflow';
import type { Metrics } from '../contracts/metrics';
import type { StageRequest } from '../contracts/activities';
import type { AnyResolved } from '../contracts/resolved';
import { activityIdOf, type TaskQueue, taskQueues } from '../contracts/stage';
import type { FailedStage, FailureReason } from '../contracts/results';
import type { PlannedStage, StageKey, StageResult } from '../contracts/stage';
import { assertRowsAreThere } from '../planning/cell';
import type { Grant, Purchases } from '../planning/purchases';
import type { StageActivities } from '../stages/activities';
import { notCalled } from '../stages/trace';
import type { StageKind } from '../stages/registry';
import { readFailure, type ReadFailure } from './failures';
import { defaultOrchestration } from './orchestration';
import type { Orchestration } from './orchestration';

export interface StagesOptions extends Grant {
  /** The definition, with its model and files pinned by content. */
  readonly resolved: AnyResolved;
  /** The seed. Stages with equal data and seed are one stage, whichever cell asks. */
  readonly seed: number;
  /** The experiment whose ledger records the attempts. */
  readonly experimentId: string;
  readonly orchestration?: Orchestration;
  /** Runs each stage when it may start, e.g. not while the run is paused. Default: at once. */
  readonly runStage?: <T>(stage: () => Promise<T>) => Promise<T>;
  /** Called when a stage is requested, and when it has ended. */
  readonly onStage?: (stage: PlannedStage, state: StageState) => void;
}

interface Call {
  /**
   * Id of the request. A stage that yielded is requested again under the same id, so that its spend still
   * counts.
   */
  readonly activityId: string;
  readonly orchestration: Orchestration;
}

/** Temporal's limit for a summary is 400 bytes; a character has three at most, a surrogate pair four. */
const summaryLength = 130;

function activitiesOn(
  taskQueue: TaskQueue,
  stage: PlannedStage,
  { activityId, orchestration }: Call,
): StageActivities {
  return proxyActivities<StageActivities>({
    taskQueue,
    activityId,
    summary: stage.title.slice(0, summaryLength),
    // Temporal's attempts are unlimited: the activity counts infrastructure failures from the ledger.
    startToCloseTimeout: '14 days',
    heartbeatTimeout: `${orchestration.heartbeatSeconds} seconds`,
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds' },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
}

/** Runs the stage's activity. If a judge needs no GPU, a first activity generates the answers on one. */
async function callStage(request: StageRequest, call: Call): Promise<StageResult> {
  const { stage } = request;
  if (stage.judgedOffDevice !== undefined) await activitiesOn(taskQueues.gpu, stage, call).answer(request);
  const activities = activitiesOn(stage.queue, stage, call);
  return activities[stage.activity === undefined ? (stage.kind as StageKind) : 'runUserStage'](request);
}

/** Options of a runner; its stages share the purchases. */
export interface RunnerOptions extends Omit<StagesOptions, 'seed' | keyof Grant> {
  readonly purchases: Purchases;
}

/** What became of a requested stage. */
export type StageState = StageResult | 'running' | 'failed';

/** Runs stages on their task queues, each once however often it is asked for. */
export class StageRunner {
  readonly #options: RunnerOptions;
  readonly #requests = new Map<StageKey, Promise<StageResult>>();
  readonly #states = new Map<StageKey, { readonly stage: PlannedStage; readonly state: StageState }>();
  readonly #failures = new Map<StageKey, FailureReason>();

  /** Whether a failed stage may have spent money that it did not report. */
  isUnsettled = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** US dollars that failed stages spent, or may have spent. */
  get lostUsd(): number {
    return this.#options.purchases.unreportedUsd;
  }

  /** All stages so far, in the order of their requests. */
  get stages(): PlannedStage[] {
    return [...this.#states.values()].map(({ stage }) => stage);
  }

  get running(): PlannedStage[] {
    return [...this.#states.values()].flatMap(({ stage, state }) => (state === 'running' ? [stage] : []));
  }

  /** Stages that failed and have not been asked for again, with the reason. */
  get failed(): FailedStage[] {
    return [...this.#states.values()].flatMap(({ stage: { key, kind, title }, state }) => {
      const reason = this.#failures.get(key);
      return state === 'failed' && reason !== undefined ? [{ key, kind, title, ...reason }] : [];
    });
  }

  /** Results of finished stages, in the order of their requests. */
  get finished(): StageResult[] {
    return [...this.#states.values()].flatMap(({ state }) => (typeof state === 'string' ? [] : [state]));
  }

  /**
   * Runs a stage. A stage that failed runs again when it is asked for again.
   *
   * @throws BudgetlineError, or the failure of the stage's activity
   */
  run(stage: PlannedStage): Promise<StageResult> {
    const { key } = stage;
    const request = this.#requests.get(key) ?? this.#request(stage);
    this.#requests.set(key, request);
    request.catch(() => this.#requests.delete(key));
    return request;
  }

  /** @throws BudgetlineError DEFINITION_INVALID */
  async metrics(stage: PlannedStage): Promise<Metrics> {
    const request = this.#requests.get(stage.key);
    if (request !== undefined) return (await request).metrics;
    throw notCalled(stage);
  }

  /** Waits until no stage is running. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#requests.values());
  }

  async #request(stage: PlannedStage): Promise<StageResult> {
    const { purchases, resolved, orchestration = defaultOrchestration, runStage = atOnce } = this.#options;
    assertRowsAreThere(resolved, stage.title, [stage]);
    purchases.reserve(stage);
    this.#enter(stage, 'running');
    const call = { activityId: activityIdOf(stage, uuid4()), orchestration };
    try {
      // Stages that start together are all reserved before the free money is shared.
      await Promise.resolve();
      const result = await runStage(() => callStage(this.#requestOf(stage), call));
      purchases.settle(stage, result);
      this.#enter(stage, result);
      return result;
    } catch (error) {
      this.#fail(stage, isCancellation(error) ? undefined : readFailure(error));
      throw error;
    }
  }

  #fail(stage: PlannedStage, failure: ReadFailure | undefined): void {
    const usd = failure?.spent?.usd;
    if (failure !== undefined) this.#failures.set(stage.key, failure.reason);
    this.#options.purchases.fail(stage, usd);
    this.isUnsettled ||= usd === undefined && (stage.rows !== null || stage.mayExceed);
    this.#enter(stage, 'failed');
  }

  #requestOf(stage: PlannedStage): StageRequest {
    const { resolved, experimentId, purchases } = this.#options;
    const { execution, prices } = resolved.definition;
    const family = resolved.members?.family;
    return { stage, execution, experimentId, family, prices, allowanceUsd: purchases.grant(stage) };
  }

  #enter(stage: PlannedStage, state: StageState): void {
    this.#states.set(stage.key, { stage, state });
    this.#options.onStage?.(stage, state);
  }
}

const atOnce = <T>(stage: () => Promise<T>): Promise<T> => stage();
