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
import { boughtOf, spentUsd } from '../planning/spend';
import { defaultOrchestration } from './orchestration';
import type { Orchestration } from './orchestration';

/** A finished stage: what was planned, and what it left. Stages take and return these; bytes stay in the store. */
export type Artifact<K extends StageKind = StageKind> = {
  [P in K]: { readonly stage: PlannedStage<P>; readonly result: StageResult };
}[K];

/** What stages may spend; empty where there is no limit. */
export interface Grant {
  /** Most that the stages may spend on annotation together, in US dollars. */
  readonly allowanceUsd?: number | undefined;
  /** US dollars of a stage's rows, by its key, that are bought already and do not come out of the allowance. */
  readonly paidUsd?: Readonly<Record<StageKey, number>> | undefined;
}

export interface StagesOptions extends Grant {
  /** The definition, its model and files pinned by content. */
  readonly resolved: Resolved<ExperimentDefinition | SweepDefinition>;
  /** The seed axis: stages of equal data and equal seed are one stage, whoever asks. */
  readonly seed: number;
  /** Whose ledger chain the attempts are recorded for. */
  readonly experimentId: string;
  readonly orchestration?: Orchestration;
  /** Runs each stage when it may run: holds stages back while a run is paused. At once unless told. */
  readonly runStage?: <T>(stage: () => Promise<T>) => Promise<T>;
  /** Told when a stage is asked for and when it is there. */
  readonly onStage?: (stage: PlannedStage, result: StageResult | null) => void;
}

/** Stage functions of one definition and seed; compose them as the pipeline needs. */
export interface Stages {
  /** Buys `rows` demonstrations, or, given a reference, makes `rows` pairs of its samples. */
  synthesizeData(options: {
    readonly rows: number;
    readonly reference?: Artifact<'freezeReference'>;
  }): Promise<Artifact<'synthesizeData'>>;
  /** Supervised fine-tuning of the base model, or of a frozen one; "chosen" learns from the chosen answers of pairs. */
  trainSft(options: {
    readonly data: Artifact<'synthesizeData'>;
    readonly base?: Artifact<'freezeReference'>;
    readonly column?: 'completion' | 'chosen';
  }): Promise<Artifact<'trainSft'>>;
  /** Merges an SFT run into its base and seals it; null seals the base model itself. */
  freezeReference(options: {
    readonly adapter: Artifact<'trainSft'> | null;
  }): Promise<Artifact<'freezeReference'>>;
  /** Preference tuning, from and against the frozen reference. */
  trainPreference(options: {
    readonly reference: Artifact<'freezeReference'>;
    readonly data: Artifact<'synthesizeData'>;
  }): Promise<Artifact<'trainPreference'>>;
  /** Evaluates a frozen reference, or what was trained on top of it. */
  evaluate(options: {
    readonly reference: Artifact<'freezeReference'>;
    readonly adapter?: Artifact<'trainSft' | 'trainPreference'>;
  }): Promise<Artifact<'evaluate'>>;
}

/** Where rows are made: on a device where they are samples of a model. */
const rowQueues: Readonly<Record<SpecOf<'synthesizeData'>['what'], TaskQueue>> = {
  demonstrations: taskQueues.cpu,
  pairs: taskQueues.gpu,
  'rejection-samples': taskQueues.gpu,
  'user-demonstrations': taskQueues.cpu,
  'user-preferences': taskQueues.cpu,
};

/** All that starts the training executable goes to a device. */
function queueOf({ spec, onDevice, judgedOffDevice }: PlannedStage): TaskQueue {
  if (judgedOffDevice !== undefined) return taskQueues.cpu;
  if (spec.kind !== 'synthesizeData' || onDevice !== undefined) return taskQueues.gpu;
  return rowQueues[spec.what];
}

interface Call {
  /** Names the request: after a yield the stage is asked for by the same id, so that what it spent counts. */
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
    // Attempts are unlimited here: the budget of infrastructure failures is counted from the ledger by the activity.
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

/** The stage's activity; before one that is judged off the device, the part that needs it. */
async function callStage(request: AnyRequest, call: Call): Promise<StageResult> {
  const { stage } = request;
  if (stage.judgedOffDevice !== undefined)
    await (activitiesOn(taskQueues.gpu, stage, call).answer as AnyActivity<void>)(request);
  const activities = activitiesOn(queueOf(stage), stage, call);
  return (activities[stage.kind] as AnyActivity<StageResult>)(request);
}

/** What of an allowance is left for stages that run one after another. */
class Wallet {
  #usd: number | undefined;
  readonly #prices: Prices;
  readonly #paidUsd: Readonly<Record<StageKey, number>>;

  constructor({ resolved, allowanceUsd, paidUsd = {} }: Omit<StagesOptions, 'seed'>) {
    this.#usd = allowanceUsd;
    this.#prices = resolved.definition.prices;
    this.#paidUsd = paidUsd;
  }

  /** A stage that samples counts its rows at their price; an annotator that keeps a bill counts what it is paid. */
  grant({ key, spec }: PlannedStage): Pick<AnyRequest, 'allowanceUsd'> {
    if (this.#usd === undefined) return {};
    return { allowanceUsd: this.#usd + ('pairs' in spec ? (this.#paidUsd[key] ?? 0) : 0) };
  }

  pay(stage: PlannedStage, result: StageResult): void {
    if (this.#usd === undefined) return;
    const paid = 'annotatorUsd' in result.metrics ? 0 : (this.#paidUsd[stage.key] ?? 0);
    this.#usd -= Math.max(0, spentUsd(this.#prices, boughtOf([stage], [result])) - paid);
  }
}

/** Runs a stage that was planned. */
export type StageRunner = <S extends PlannedStage>(stage: S) => Promise<{ stage: S; result: StageResult }>;

/** Runs planned stages on the queues that they belong to. */
export function createRunner(options: Omit<StagesOptions, 'seed'>): StageRunner {
  const { resolved, experimentId, orchestration = defaultOrchestration, onStage } = options;
  const { execution, prices } = resolved.definition;
  const runStage = options.runStage ?? ((stage) => stage());
  const wallet = new Wallet(options);
  return async (stage) => {
    onStage?.(stage, null);
    const request = { stage, execution, experimentId, prices, ...wallet.grant(stage) };
    const call = { activityId: activityIdOf(stage, uuid4()), orchestration };
    const result = await runStage(() => callStage(request, call));
    wallet.pay(stage, result);
    onStage?.(stage, result);
    return { stage, result };
  };
}

/** The stage functions of a definition and seed. Deterministic: what runs is a function of what they are called with. */
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
