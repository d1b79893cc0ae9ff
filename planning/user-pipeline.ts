import { BudgetlineError } from '../core/failures';
import { memberOf, type PinnedMember } from '../core/members';
import type { Pipeline } from './pipeline';

function invalid({ path, export: name }: PinnedMember, problem: string, cause?: unknown): BudgetlineError {
  return new BudgetlineError('DEFINITION_INVALID', `pipeline: "${name}" of ${path} ${problem}`, {
    remedy: 'A pipeline is a plain function: (stages, cell) => stages.evaluate({ … })',
    details: { field: 'pipeline', path, export: name },
    cause,
  });
}

const isEvaluation = (result: unknown): boolean =>
  typeof result === 'object' && result !== null && 'makes' in result && result.makes === 'scores';

/** A user's pipeline. Its errors name it, so that a workflow fails instead of being retried for ever. */
export function userPipeline(pinned: PinnedMember): Pipeline {
  const pipeline = memberOf(pinned) as Pipeline;
  return (stages, cell) => {
    let result;
    try {
      result = pipeline(stages, cell);
    } catch (error) {
      if (error instanceof BudgetlineError) throw error;
      throw invalid(pinned, `fails: ${String(error)}`, error);
    }
    if (isEvaluation(result)) return result;
    throw invalid(pinned, 'does not return an evaluation.');
  };
}
