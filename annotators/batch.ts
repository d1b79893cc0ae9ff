import { definedAt } from '../core/code';
import { BudgetlineError } from '../core/failures';
import type { Annotator } from '../contracts/task';

/** The fields of an annotator with `annotateBatch` only. */
type BatchAnnotator = Pick<Annotator, 'name' | 'description' | 'code'> &
  Required<Pick<Annotator, 'identify' | 'annotateBatch'>>;

/** An annotator that gets all problems of a stage at once, never a single one. */
export function batchAnnotator({
  name,
  description,
  identify,
  code,
  annotateBatch,
}: BatchAnnotator): Annotator {
  const annotator: Annotator = {
    name,
    description,
    identify,
    demonstrate: ({ id }) => {
      throw new BudgetlineError(
        'INTERNAL',
        `Annotator ${name} has no single demonstrations; ${id} was not in a batch.`,
      );
    },
    annotateBatch,
  };
  return definedAt(annotator, code);
}
