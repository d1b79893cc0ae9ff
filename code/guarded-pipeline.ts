import { BudgetlineError } from '../core/failures';
import { withoutChance } from './chance';
import { userFailure } from './user-failure';

type Pipeline<Args extends unknown[], T> = (...args: Args) => Promise<T>;

/**
 * A user's pipeline for planning. Its errors have file and line, and it is refused where it depends on more than its
 * arguments. Workflows run the pipeline itself: what it does there is compared with the plan.
 *
 * @param path file of the pipeline
 */
export function guardedPipeline<Args extends unknown[], T>(
  pipeline: Pipeline<Args, T>,
  path: string,
): Pipeline<Args, T> {
  const refuse = (what: string, place = path): BudgetlineError => {
    const verb = what.endsWith(')') ? 'calls' : 'reads';
    const message = `pipeline: ${place} ${verb} ${what}; a pipeline must plan the same stages always.`;
    return new BudgetlineError('DEFINITION_INVALID', message, {
      remedy: 'Decide by the arguments, stages and cell, and by constants.',
      details: { field: 'pipeline', place, call: what },
    });
  };
  return async (...args) => {
    try {
      return await withoutChance(refuse, () => pipeline(...args));
    } catch (error) {
      throw userFailure(error, path, 'fails', 'pipeline: ');
    }
  };
}
