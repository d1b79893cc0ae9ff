import { ActivityCancellationType, proxyActivities, uuid4 } from '@temporalio/workflow';
import { BudgetlineError } from '../core/failures';
import type { Metrics } from '../contracts/metrics';
import type { StageRequest } from '../contracts/activities';
import type { Resolved } from '../contracts/resolved';
import { activityIdOf, type TaskQueue, taskQueues } from '../contracts/stage';
import type { PlannedStage, StageKey, StageResult } from '../contracts/stage';
import type { ExperimentDefinition, Prices, SweepDefinition } from '../schemas/definition';
import { paidStagesOf, spentUsd } from '../planning/spend';
import type { StageActivities } from '../stages/activities';
import { type StageHost, stageFunctions, type Stages } from '../stages/functions';
import type { StageKind } from '../stages/registry';
import { defaultOrchestration } from './orchestration';
import type { Orchestration } from './orchestration';

/** What stages may spend. Empty without a limit. */
export interface Grant {
  /** The most that the stages may spend on annotation together, in US dollars. */
  readonly allowanceUsd?: number | undefined;
  /** By stage key: US dollars of its rows that are already bought. They are not taken from the allowance. */
  readonly paidUsd?: Readonly<Record<StageKey, number>> | undefined;
}

export interface StagesOptions extends Grant {
  /** The definition, with its model and files pinned by content. */
  readonly resolved: Resolved<ExperimentDefinition | SweepDefinition>;
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

function activitiesOn(
  taskQueue: TaskQueue,
  stage: PlannedStage,
  { activityId, orchestration }: Call,
): StageActivities {
  return proxyActivities<StageActivities>({
    taskQueue,
    activityId,
    summary: stage.title,
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

/** The rest of an allowance, for stages that run one after another. */
class Allowance {
  #usd: number | undefined;
  readonly #prices: Prices;
  readonly #paidUsd: Readonly<Record<StageKey, number>>;

  constructor({ resolved, allowanceUsd, paidUsd = {} }: StagesOptions) {
    this.#usd = allowanceUsd;
    this.#prices = resolved.definition.prices;
    this.#paidUsd = paidUsd;
  }

  /** Stages that sample count their rows at list price; an annotator with a bill counts what it was paid. */
  grant({ key, rows }: PlannedStage): number | undefined {
    const samples = rows !== null && rows.verifierCalls > 0;
    return this.#usd === undefined ? undefined : this.#usd + (samples ? (this.#paidUsd[key] ?? 0) : 0);
  }

  pay(stage: PlannedStage, result: StageResult): void {
    if (this.#usd === undefined) return;
    const paid = 'annotatorUsd' in result.metrics ? 0 : (this.#paidUsd[stage.key] ?? 0);
    this.#usd -= Math.max(0, spentUsd(this.#prices, paidStagesOf([stage], [result])) - paid);
  }
}

/** What became of a requested stage. */
export type StageState = StageResult | 'running' | 'failed';

/** Runs stages on their task queues, each once however often it is asked for. */
export class StageRunner implements StageHost {
  readonly #options: StagesOptions;
  readonly #allowance: Allowance;
  readonly #requests = new Map<StageKey, Promise<StageResult>>();
  /** What failed stages threw. */
  readonly failures: unknown[] = [];
  readonly #states = new Map<StageKey, { readonly stage: PlannedStage; readonly state: StageState }>();

  constructor(options: StagesOptions) {
    this.#options = options;
    this.#allowance = new Allowance(options);
  }

  /** All stages so far, in the order of their requests. */
  get stages(): PlannedStage[] {
    return [...this.#states.values()].map(({ stage }) => stage);
  }

  get running(): PlannedStage[] {
    return [...this.#states.values()].flatMap(({ stage, state }) => (state === 'running' ? [stage] : []));
  }

  /** Results of finished stages, in the order of their requests. */
  get finished(): StageResult[] {
    return [...this.#states.values()].flatMap(({ state }) => (typeof state === 'string' ? [] : [state]));
  }

  /** @throws BudgetlineError, or the failure of the stage's activity */
  run(stage: PlannedStage): Promise<StageResult> {
    const { key } = stage;
    const request = this.#requests.get(key) ?? this.#request(stage);
    this.#requests.set(key, request);
    return request;
  }

  async metrics({ key, title }: PlannedStage): Promise<Metrics> {
    const request = this.#requests.get(key);
    if (request !== undefined) return (await request).metrics;
    throw new BudgetlineError(
      'DEFINITION_INVALID',
      `The pipeline asks for metrics of "${title}", which it has not run.`,
    );
  }

  /** Waits until no stage is running. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#requests.values());
  }

  async #request(stage: PlannedStage): Promise<StageResult> {
    const { resolved, experimentId, orchestration = defaultOrchestration, runStage = atOnce } = this.#options;
    const { execution, prices } = resolved.definition;
    const family = resolved.members?.family;
    const allowanceUsd = this.#allowance.grant(stage);
    this.#enter(stage, 'running');
    const request = { stage, execution, experimentId, family, prices, allowanceUsd };
    const call = { activityId: activityIdOf(stage, uuid4()), orchestration };
    try {
      const result = await runStage(() => callStage(request, call));
      this.#allowance.pay(stage, result);
      this.#enter(stage, result);
      return result;
    } catch (error) {
      this.failures.push(error);
      this.#enter(stage, 'failed');
      throw error;
    }
  }

  #enter(stage: PlannedStage, state: StageState): void {
    this.#states.set(stage.key, { stage, state });
    this.#options.onStage?.(stage, state);
  }
}

const atOnce = <T>(stage: () => Promise<T>): Promise<T> => stage();

/** The stage functions of a definition and seed, for workflows of your own: the same ones that pipelines get. */
export function createStages(options: StagesOptions): Stages {
  const { resolved, seed } = options;
  return stageFunctions({ resolved, seed }, new StageRunner(options));
}
