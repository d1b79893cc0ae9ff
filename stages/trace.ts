import type { PlannedStage, StageKey } from '../contracts/stage';
import { type AnyStageRules, planStage, type StageContext } from './define';
import { type CallOf, type MakesOf, stageKinds } from './registry';

/** The functions of a pipeline, one per kind. Each plans a stage and returns it, so that later calls can read it. */
export type StagePlanners<Kinds extends Readonly<Record<string, AnyStageRules>> = typeof stageKinds> = {
  readonly [K in keyof Kinds]: (call: CallOf<Kinds[K]>) => PlannedStage<MakesOf<Kinds[K]>>;
} & {
  /** The same for a kind of yours, which the definition names in `stageKinds`. */
  readonly run: <R extends AnyStageRules>(rules: R, call: CallOf<R>) => PlannedStage<MakesOf<R>>;
};

/** A pipeline that was called with planners. */
export interface Trace<T> {
  /** The stages that it called, each once, inputs before their readers. */
  readonly stages: readonly PlannedStage[];
  /** What it returned. */
  readonly result: T;
}

/** Plans a pipeline: calls it with functions that run nothing, and lists the stages that it asks for. */
export function tracePipeline<T>(context: StageContext, pipeline: (stages: StagePlanners) => T): Trace<T> {
  const traced = new Map<StageKey, PlannedStage>();
  const plannerOf = (rules: AnyStageRules) => (call: never) => {
    const stage = planStage(rules, context, call);
    traced.set(stage.key, traced.get(stage.key) ?? stage);
    return stage;
  };
  const planners = Object.values(stageKinds).map((rules) => [rules.kind, plannerOf(rules)]);
  const run = (rules: AnyStageRules, call: never): PlannedStage => plannerOf(rules)(call);
  const result = pipeline({ ...Object.fromEntries(planners), run } as StagePlanners);
  return { stages: [...traced.values()], result };
}
