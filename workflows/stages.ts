import { ActivityCancellationType, proxyActivities, uuid4 } from '@temporalio/workflow';
import type { StageRequest } from '../contracts/activities';
import type { Resolved } from '../contracts/resolved';
import { activityIdOf, type TaskQueue, taskQueues } from '../contracts/stage';
import type { Makes, PlannedStage, StageKey, StageResult } from '../contracts/stage';
import type { ExperimentDefinition, Prices, SweepDefinition } from '../schemas/definition';
import { paidStagesOf, spentUsd } from '../planning/spend';
import { type AnyStageRules, planStage } from '../stages/define';
import type { StageActivities } from '../stages/activities';
import { stageKinds } from '../stages/registry';
import type { CallOf, MakesOf, StageKind } from '../stages/registry';
import { defaultOrchestration } from './orchestration';
import type { Orchestration } from './orchestration';

/**
 * A finished stage: its plan and its result. Stage functions take and return these; the bytes stay in the
 * store.
 */
export interface Artifact<M extends Makes = Makes> {
  readonly stage: PlannedStage<M>;
  readonly result: StageResult;
}

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
  /** Called with null when a stage is requested, and with the result when it is finished. */
  readonly onStage?: (stage: PlannedStage, result: StageResult | null) => void;
}

/** An option of a stage function: where a kind is planned from other stages, it runs on their artifacts. */
type OptionOf<T> = T extends PlannedStage<infer M> ? Artifact<M> : T;

/** The options of a stage function. */
type OptionsOf<Call> = { [P in keyof Call]: OptionOf<Call[P]> };

/** Stage functions of one definition and seed, one per kind. Compose them into a pipeline. */
export type Stages = {
  readonly [K in StageKind]: (
    options: OptionsOf<CallOf<(typeof stageKinds)[K]>>,
  ) => Promise<Artifact<MakesOf<(typeof stageKinds)[K]>>>;
};

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

  constructor({ resolved, allowanceUsd, paidUsd = {} }: Omit<StagesOptions, 'seed'>) {
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

/** Runs a planned stage. */
export type StageRunner = (stage: PlannedStage) => Promise<StageResult>;

/** Returns a function that runs planned stages on their task queues. */
export function createRunner(options: Omit<StagesOptions, 'seed'>): StageRunner {
  const { resolved, experimentId, orchestration = defaultOrchestration, onStage } = options;
  const { execution, prices } = resolved.definition;
  const family = resolved.members?.family;
  const runStage = options.runStage ?? ((stage) => stage());
  const allowance = new Allowance(options);
  return async (stage) => {
    onStage?.(stage, null);
    const request = { stage, execution, experimentId, family, prices, allowanceUsd: allowance.grant(stage) };
    const call = { activityId: activityIdOf(stage, uuid4()), orchestration };
    const result = await runStage(() => callStage(request, call));
    allowance.pay(stage, result);
    onStage?.(stage, result);
    return result;
  };
}

const isArtifact = (value: unknown): value is Artifact =>
  typeof value === 'object' && value !== null && 'stage' in value && 'result' in value;

/** The call that plans a stage: artifacts are replaced by their plans. */
function callOf(options: object): never {
  const fields = Object.entries(options).map(([name, value]: [string, unknown]) => [
    name,
    isArtifact(value) ? value.stage : value,
  ]);
  return Object.fromEntries(fields) as never;
}

/** The stage functions of a definition and seed. Deterministic: the stages depend only on the arguments. */
export function createStages(options: StagesOptions): Stages {
  const { resolved, seed } = options;
  const run = createRunner(options);
  const functionOf =
    (rules: AnyStageRules) =>
    async (call: object): Promise<Artifact> => {
      const stage = planStage(rules, { resolved, seed }, callOf(call));
      return { stage, result: await run(stage) };
    };
  const functions = Object.values(stageKinds).map((rules) => [rules.kind, functionOf(rules)]);
  return Object.fromEntries(functions) as Stages;
}
