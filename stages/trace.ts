import type { PlannedStage, StageKey } from '../contracts/stage';
import { type AnyStageRules, planStage, type StageContext } from './define';
import { type CallOf, type MakesOf, stageKinds } from './registry';
import { type AnyUserRules, planUserStage } from './user-kinds';

/** The functions of a pipeline, one per kind. Each plans a stage and returns it, so that later calls can read it. */
export type StagePlanners<Kinds extends Readonly<Record<string, AnyStageRules>> = typeof stageKinds> = {
  readonly [K in keyof Kinds]: (call: CallOf<Kinds[K]>) => PlannedStage<MakesOf<Kinds[K]>>;
} & {
  /** The same for a kind of yours, which the definition names in `stageKinds`. */
  readonly run: <R extends AnyUserRules>(rules: R, call: CallOf<R>) => PlannedStage<MakesOf<R>>;
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
  const add = (stage: PlannedStage): PlannedStage => {
    traced.set(stage.key, traced.get(stage.key) ?? stage);
    return stage;
  };
  const planners = Object.values(stageKinds).map((rules: AnyStageRules) => [
    rules.kind,
    (call: never) => add(planStage(rules, context, call)),
  ]);
  const run = (rules: AnyUserRules, call: never) => add(planUserStage(rules, context, call));
  const result = pipeline({ ...Object.fromEntries(planners), run } as StagePlanners);
  return { stages: [...traced.values()], result };
}
