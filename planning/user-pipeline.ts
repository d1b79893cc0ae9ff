import { BudgetlineError } from '../core/failures';
import { memberOf, type PinnedMember } from '../core/members';
import type { ResolvedExperiment } from '../contracts/resolved';
import type { PlannedStage } from '../contracts/stage';
import { evaluate } from '../stages/evaluate';
import { type StagePlanners, type Trace, tracePipeline } from '../stages/trace';
import type { Split } from './counts';
import type { Pipeline } from './pipeline';
import { withoutChance } from './without-chance';

function invalid({ path, export: name }: PinnedMember, problem: string, cause?: unknown): BudgetlineError {
  return new BudgetlineError('DEFINITION_INVALID', `pipeline: "${name}" of ${path} ${problem}`, {
    remedy: 'A pipeline is a plain function: (stages, cell) => stages.evaluate({ … })',
    details: { field: 'pipeline', path, export: name },
    cause,
  });
}

/** Calls a pipeline. Its errors name it, so that a workflow fails instead of being retried for ever. */
function callPipeline(pinned: PinnedMember, stages: StagePlanners, cell: Split): unknown {
  const pipeline = memberOf(pinned) as Pipeline;
  const refuse = (what: string) => invalid(pinned, `calls ${what}, but must plan the same stages always.`);
  try {
    return withoutChance(refuse, () => pipeline(stages, cell));
  } catch (error) {
    if (error instanceof BudgetlineError) throw error;
    throw invalid(pinned, `fails: ${String(error)}`, error);
  }
}

const isEvaluation = (stage: PlannedStage): stage is PlannedStage<'scores'> => stage.kind === evaluate.kind;

/** The traced evaluation that a pipeline returned. */
function evaluationIn({ stages, result }: Trace<unknown>, pinned: PinnedMember): PlannedStage<'scores'> {
  const { key } = (result ?? {}) as Partial<PlannedStage>;
  const found = stages.filter(isEvaluation).find((stage) => stage.key === key);
  if (found !== undefined) return found;
  throw invalid(pinned, 'does not return an evaluation that it planned with stages.evaluate.');
}

/**
 * Plans a user's pipeline. It is called twice: other stages the second time mean that it depends on something else than
 * its arguments.
 *
 * @throws BudgetlineError DEFINITION_INVALID
 */
export function traceUserPipeline(
  pinned: PinnedMember,
  resolved: ResolvedExperiment,
  cell: Split,
): Trace<PlannedStage<'scores'>> {
  const trace = (): Trace<PlannedStage<'scores'>> => {
    const context = { resolved, seed: resolved.definition.seed };
    const traced = tracePipeline(context, (stages) => callPipeline(pinned, stages, cell));
    return { stages: traced.stages, result: evaluationIn(traced, pinned) };
  };
  const keysOf = ({ stages, result }: Trace<PlannedStage>) =>
    [...stages, result].map(({ key }) => key).join();
  const [first, second] = [trace(), trace()];
  if (keysOf(first) === keysOf(second)) return first;
  throw invalid(pinned, 'plans other stages when it is called again with the same arguments.');
}
