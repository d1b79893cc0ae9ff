import { BudgetlineError } from '../core/failures';
import { memberOf } from '../core/members';
import { splitOf } from '../contracts/evaluation-split';
import type { PlannedStage } from '../contracts/stage';
import type { StageContext } from '../stages/define';
import { evaluate, isDefinitionsEvaluation } from '../stages/evaluate';
import type { Stages } from '../stages/functions';
import { nameOfPipeline, tracePipeline } from '../stages/trace';
import { Purchases } from './purchases';
import type { Budget } from './row-budget';
import { allocationPipeline, type Pipeline, type PipelineCell } from './pipeline';

/** A pipeline with its arguments but the stage functions. */
export type BoundPipeline = (stages: Stages) => Promise<PlannedStage<'scores'>>;

/** A pipeline of one cell, base model or control: what it is known to run, and the function that runs it. */
export interface PlannedPipeline {
  readonly context: StageContext;
  readonly pipeline: BoundPipeline;
  /** In the order of their calls, the evaluation last. */
  readonly stages: readonly PlannedStage[];
  /** The evaluation that it returns; null if results decide about it. */
  readonly evaluation: PlannedStage<'scores'> | null;
  /** Stages whose results decide how it continues; empty if all its stages are known. */
  readonly continuesAfter: readonly PlannedStage[];
  /** What its rows count against; undefined for base models and controls. */
  readonly budget?: Budget;
  /** The most that the rows of its unknown stages can cost, in US dollars; left out if all its stages are known. */
  readonly boundUsd?: number;
}

/** Puts the stage that scores the cell at the end, where a pipeline may have called it earlier. */
export function evaluationLast<T extends { readonly key: string }>(stages: readonly T[], key: string): T[] {
  const [others, last] = [[] as T[], [] as T[]];
  for (const stage of stages) (stage.key === key ? last : others).push(stage);
  return [...others, ...last];
}

const isEvaluation = (stage: PlannedStage): stage is PlannedStage<'scores'> => stage.kind === evaluate.kind;

const returns = (context: StageContext, problem: string, remedy: string): BudgetlineError =>
  new BudgetlineError('DEFINITION_INVALID', `${nameOfPipeline(context)} ${problem}.`, {
    remedy,
    details: { field: 'pipeline' },
  });

/**
 * The evaluation that a pipeline returned, out of the stages that it called. It scores the cell, so it is on the
 * definition's items.
 *
 * @throws BudgetlineError DEFINITION_INVALID
 */
export function evaluationIn(
  context: StageContext,
  stages: readonly PlannedStage[],
  returned: unknown,
): PlannedStage<'scores'> {
  const { key } = (returned ?? {}) as Partial<PlannedStage>;
  const found = stages.filter(isEvaluation).find((stage) => stage.key === key);
  if (found === undefined)
    throw returns(
      context,
      'does not return an evaluation that it called with stages.evaluate',
      'A pipeline is a function: async (stages, cell) => stages.evaluate({ … })',
    );
  if (!isDefinitionsEvaluation(found, context))
    throw returns(
      context,
      `returns "${found.title}", and cells are compared on the definition's ${splitOf(context.resolved.definition)} items`,
      'Return an evaluation without split, task, items and maxNewTokens.',
    );
  return found;
}

/** An error that a user's pipeline throws, with its name. The package's own errors stay as they are. */
export function pipelineFault(context: StageContext, error: unknown): unknown {
  const pinned = context.resolved.members?.pipeline;
  if (pinned === undefined || error instanceof BudgetlineError) return error;
  const { path, export: name } = pinned;
  return new BudgetlineError('DEFINITION_INVALID', `${nameOfPipeline(context)} fails: ${String(error)}`, {
    details: { field: 'pipeline', path, export: name },
    cause: error,
  });
}

/**
 * Plans a pipeline.
 *
 * @throws BudgetlineError DEFINITION_INVALID, BUDGET_EXCEEDED
 */
export async function planPipeline(
  context: StageContext,
  pipeline: BoundPipeline,
  budget?: Budget,
): Promise<PlannedPipeline> {
  const purchases = new Purchases({ budget });
  const reserve = (stage: PlannedStage): void => purchases.reserve(stage);
  const { stages, result, continuesAfter } = await tracePipeline(context, pipeline, reserve).catch(
    (error: unknown) => {
      throw pipelineFault(context, error);
    },
  );
  const planned = { context, pipeline, continuesAfter, budget };
  if (continuesAfter.length > 0)
    return { ...planned, stages, evaluation: null, boundUsd: purchases.boundUsd };
  const evaluation = evaluationIn(context, stages, result);
  return { ...planned, stages: evaluationLast(stages, evaluation.key), evaluation };
}

/** The pipeline of a cell: the user's, or the built-in one. */
export function cellPipeline({ resolved: { members } }: StageContext, cell: PipelineCell): BoundPipeline {
  const pipeline =
    members?.pipeline === undefined ? allocationPipeline : (memberOf(members.pipeline) as Pipeline);
  return (stages) => pipeline(stages, cell);
}
