import { isRecord } from '../core/is-record';
import { BudgetlineError } from '../core/failures';
import type { Metrics } from '../contracts/metrics';
import type {
  BoughtDemonstrations,
  Demonstrations,
  Makes,
  Pairs,
  PlannedStage,
  Samples,
} from '../contracts/stage';
import { assertCall, refuseCall } from './calls';
import { type AnyStageRules, planStage, type StageContext } from './define';
import { type Forms, isText } from './forms';
import { type CallOf, type MakesOf, type StageKind, stageKinds } from './registry';
import { type AnyUserRules, planUserStage } from './user-kinds';

/** What a finished stage measured, by name. */
export type MetricsOf<M extends Makes> = Metrics &
  (M extends 'scores' ? { readonly score: number } : M extends 'rows' ? { readonly rows: number } : unknown);

/** A call of a kind with other types of some fields. */
type CallWith<K extends StageKind, Fields> = Omit<CallOf<(typeof stageKinds)[K]>, keyof Fields> & Fields;

type Reads<K extends StageKind, Fields> = (
  call: CallWith<K, Fields>,
) => Promise<PlannedStage<MakesOf<(typeof stageKinds)[K]>>>;

/** What the rows are follows from the call. */
interface MakesRows {
  /** Buys demonstrations. */
  (
    call: Pick<CallOf<typeof stageKinds.synthesizeData>, 'rows' | 'name'> & {
      readonly after?: BoughtDemonstrations;
      readonly reference?: undefined;
    },
  ): Promise<BoughtDemonstrations>;
  /** Keeps correct samples of the reference as demonstrations. */
  (call: CallWith<'synthesizeData', Sampling & { readonly what: 'rejection-samples' }>): Promise<Samples>;
  /** Makes pairs from samples of the reference. */
  (call: CallWith<'synthesizeData', Sampling & { readonly what?: 'pairs' }>): Promise<Pairs>;
}

/** Pairs and correct samples take their prompts in one order. */
interface Sampling {
  readonly reference: PlannedStage<'model'>;
  readonly after?: Pairs | Samples;
}

/** The kinds that read or make rows: which rows they are is in their types, so that a mix-up does not compile. */
interface OfRows {
  readonly synthesizeData: MakesRows;
  readonly trainSft: Reads<
    'trainSft',
    | { readonly data: Demonstrations; readonly column?: 'completion' }
    | { readonly data: Pairs; readonly column: 'chosen' }
  >;
  readonly trainPreference: Reads<'trainPreference', { readonly data: Pairs }>;
  readonly evaluate: Reads<'evaluate', { readonly fewShot?: Demonstrations }>;
}

/**
 * The functions of a pipeline, one per stage kind. Each resolves to the stage when its artifact is in the store, so that
 * later calls can read it. While a pipeline is planned they run nothing and resolve at once.
 */
export type Stages = OfRows & {
  readonly [K in Exclude<StageKind, keyof OfRows>]: (
    call: CallOf<(typeof stageKinds)[K]>,
  ) => Promise<PlannedStage<MakesOf<(typeof stageKinds)[K]>>>;
} & {
  /** The same for a kind of yours, which the definition names in `stageKinds`. */
  readonly run: <R extends AnyUserRules>(
    rules: R,
    call: CallOf<R>,
  ) => Promise<PlannedStage<MakesOf<R>> & Pick<ReturnType<R['plan']>, 'rows'>>;
  /** What a stage measured, for a pipeline that depends on it: `score`, `rows`. A plan ends where it is awaited. */
  readonly metrics: <M extends Makes>(stage: PlannedStage<M>) => Promise<MetricsOf<M>>;
};

/** What becomes of the stages that a pipeline calls. */
export interface StageHost {
  run(stage: PlannedStage): Promise<unknown>;
  metrics(stage: PlannedStage): Promise<Metrics>;
  /** Takes the error of a call that is refused. */
  refuse(error: unknown): Promise<never>;
}

/**
 * Lets a call fail while its pipeline awaits another one. A rejection without a handler would make Temporal retry the
 * workflow task for ever.
 */
export function held<T>(call: Promise<T>): Promise<T> {
  call.catch(() => undefined);
  return call;
}

const isPromise = (value: unknown): boolean =>
  typeof (value as Partial<Promise<unknown>> | null | undefined)?.then === 'function';

/** A promise has no key, and would be planned as no input at all. */
function assertAwaited(name: string, call: object): void {
  const found = Object.entries(call).find(([, value]) => isPromise(value));
  if (found === undefined) return;
  throw new BudgetlineError('DEFINITION_INVALID', `stages.${name}: "${found[0]}" is a promise.`, {
    remedy: 'Write await before the call that makes it.',
    details: { field: 'pipeline', call: name, argument: found[0] },
  });
}

function assertArguments(name: string, call: unknown): void {
  if (!isRecord(call)) throw refuseCall(name, [{ field: 'arguments', reason: 'an object is needed' }]);
  assertAwaited(name, call);
}

const measured = {
  stage: [(value) => isRecord(value) && isText(value['key']), 'a stage'],
} satisfies Forms;

/** The functions of a pipeline. What they run depends on their arguments only. */
export function stageFunctions(context: StageContext, host: StageHost): Stages {
  /** Checks a call; a refused one does not reject in the pipeline, which may not listen. */
  const checked = async <T>(check: () => T): Promise<T> => {
    try {
      return check();
    } catch (error) {
      return host.refuse(error);
    }
  };
  const run = async (name: string, call: never, plan: () => PlannedStage): Promise<PlannedStage> => {
    const stage = await checked(() => {
      assertArguments(name, call);
      return plan();
    });
    await host.run(stage);
    return stage;
  };
  const metrics = async (stage: PlannedStage): Promise<Metrics> => {
    await checked(() => {
      assertAwaited('metrics', { stage });
      assertCall('metrics', { stage }, measured);
    });
    return host.metrics(stage);
  };
  const ofKinds = Object.values(stageKinds).map((rules: AnyStageRules) => [
    rules.kind,
    (call: never) => held(run(rules.kind, call, () => planStage(rules, context, call))),
  ]);
  return {
    ...Object.fromEntries(ofKinds),
    run: (rules: AnyUserRules, call: never) =>
      held(run('run', call, () => planUserStage(rules, context, call))),
    metrics: (stage: PlannedStage) => held(metrics(stage)),
  } as Stages;
}
