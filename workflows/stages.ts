import { ActivityCancellationType, proxyActivities, uuid4 } from '@temporalio/workflow';
import type { Execution, ExperimentDefinition, Prices, SweepDefinition } from '../schemas/definition';
import type { Resolved } from '../contracts/resolved';
import { activityIdOf, type TaskQueue, taskQueues } from '../contracts/stage';
import type {
  PlannedStage,
  SpecOf,
  StageActivities,
  StageKey,
  StageKind,
  StageResult,
} from '../contracts/stage';
import {
  demonstrationsStage,
  evaluateStage,
  freezeReferenceStage,
  pairsStage,
  trainPreferenceStage,
  trainSftStage,
} from '../planning/stages';
import { paidStagesOf, spentUsd } from '../planning/spend';
import { defaultOrchestration } from './orchestration';
import type { Orchestration } from './orchestration';

/**
 * A finished stage: its plan and its result. Stage functions take and return these; the bytes stay in the
 * store.
 */
export type Artifact<K extends StageKind = StageKind> = {
  [P in K]: { readonly stage: PlannedStage<P>; readonly result: StageResult };
}[K];

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

/** Stage functions of one definition and seed. Compose them into a pipeline. */
export interface Stages {
  /** Buys `rows` demonstrations. With a reference: makes `rows` preference pairs from its samples. */
  synthesizeData(options: {
    readonly rows: number;
    readonly reference?: Artifact<'freezeReference'>;
  }): Promise<Artifact<'synthesizeData'>>;
  /**
   * Supervised fine-tuning of the base model, or of a frozen one. The column "chosen" trains on the chosen
   * answers of pairs.
   */
  trainSft(options: {
    readonly data: Artifact<'synthesizeData'>;
    readonly base?: Artifact<'freezeReference'>;
    readonly column?: 'completion' | 'chosen';
  }): Promise<Artifact<'trainSft'>>;
  /** Merges an SFT adapter into its base and freezes the result. With null: freezes the base model. */
  freezeReference(options: {
    readonly adapter: Artifact<'trainSft'> | null;
  }): Promise<Artifact<'freezeReference'>>;
  /** Preference tuning: starts from the frozen reference and uses it as the reference model. */
  trainPreference(options: {
    readonly reference: Artifact<'freezeReference'>;
    readonly data: Artifact<'synthesizeData'>;
  }): Promise<Artifact<'trainPreference'>>;
  /** Evaluates a frozen reference, or a model trained from it. */
  evaluate(options: {
    readonly reference: Artifact<'freezeReference'>;
    readonly adapter?: Artifact<'trainSft' | 'trainPreference'>;
  }): Promise<Artifact<'evaluate'>>;
}

/** Queue by kind of data: sampling from a model needs a GPU. */
const rowQueues: Readonly<Record<SpecOf<'synthesizeData'>['what'], TaskQueue>> = {
  demonstrations: taskQueues.cpu,
  pairs: taskQueues.gpu,
  'rejection-samples': taskQueues.gpu,
  'user-demonstrations': taskQueues.cpu,
  'user-preferences': taskQueues.cpu,
};

/** Everything that starts the training executable needs a device. */
function queueOf({ spec, onDevice, judgedOffDevice }: PlannedStage): TaskQueue {
  if (judgedOffDevice !== undefined) return taskQueues.cpu;
  if (spec.kind !== 'synthesizeData' || onDevice !== undefined) return taskQueues.gpu;
  return rowQueues[spec.what];
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

interface AnyRequest {
  readonly stage: PlannedStage;
  readonly execution: Execution;
  readonly experimentId: string;
  readonly prices: Prices;
  readonly allowanceUsd?: number;
}
type AnyActivity<T> = (request: AnyRequest) => Promise<T>;

/** Runs the stage's activity. If a judge needs no GPU, a first activity generates the answers on one. */
async function callStage(request: AnyRequest, call: Call): Promise<StageResult> {
  const { stage } = request;
  if (stage.judgedOffDevice !== undefined)
    await (activitiesOn(taskQueues.gpu, stage, call).answer as AnyActivity<void>)(request);
  const activities = activitiesOn(queueOf(stage), stage, call);
  return (activities[stage.kind] as AnyActivity<StageResult>)(request);
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
  grant({ key, spec }: PlannedStage): Pick<AnyRequest, 'allowanceUsd'> {
    if (this.#usd === undefined) return {};
    return { allowanceUsd: this.#usd + ('pairs' in spec ? (this.#paidUsd[key] ?? 0) : 0) };
  }

  pay(stage: PlannedStage, result: StageResult): void {
    if (this.#usd === undefined) return;
    const paid = 'annotatorUsd' in result.metrics ? 0 : (this.#paidUsd[stage.key] ?? 0);
    this.#usd -= Math.max(0, spentUsd(this.#prices, paidStagesOf([stage], [result])) - paid);
  }
}

/** Runs a planned stage. */
export type StageRunner = <S extends PlannedStage>(stage: S) => Promise<{ stage: S; result: StageResult }>;

/** Returns a function that runs planned stages on their task queues. */
export function createRunner(options: Omit<StagesOptions, 'seed'>): StageRunner {
  const { resolved, experimentId, orchestration = defaultOrchestration, onStage } = options;
  const { execution, prices } = resolved.definition;
  const runStage = options.runStage ?? ((stage) => stage());
  const allowance = new Allowance(options);
  return async (stage) => {
    onStage?.(stage, null);
    const request = { stage, execution, experimentId, prices, ...allowance.grant(stage) };
    const call = { activityId: activityIdOf(stage, uuid4()), orchestration };
    const result = await runStage(() => callStage(request, call));
    allowance.pay(stage, result);
    onStage?.(stage, result);
    return { stage, result };
  };
}

/** The stage functions of a definition and seed. Deterministic: the stages depend only on the arguments. */
export function createStages(options: StagesOptions): Stages {
  const { resolved, seed } = options;
  const context = { resolved, seed };
  const run = createRunner(options);
  return {
    synthesizeData: ({ rows, reference }) =>
      run(
        reference === undefined
          ? demonstrationsStage(context, { rows })
          : pairsStage(context, { reference: reference.stage, rows }),
      ),
    trainSft: ({ data, base, column = 'completion' }) =>
      run(
        trainSftStage(context, {
          data: data.stage,
          column,
          ...(base === undefined ? {} : { base: base.stage }),
        }),
      ),
    freezeReference: ({ adapter }) => run(freezeReferenceStage(context, { adapter: adapter?.stage ?? null })),
    trainPreference: ({ reference, data }) =>
      run(trainPreferenceStage(context, { reference: reference.stage, data: data.stage })),
    evaluate: ({ reference, adapter }) =>
      run(evaluateStage(context, { reference: reference.stage, adapter: adapter?.stage ?? null })),
  };
}
