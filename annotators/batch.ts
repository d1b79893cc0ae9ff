import { definedAt } from '../contracts/code';
import { BudgetlineError } from '../contracts/failures';
import type { Annotator } from '../contracts/task';

/** What an annotator is that is given all rows of a stage at once. */
type BatchAnnotator = Pick<Annotator, 'name' | 'description'> &
  Required<Pick<Annotator, 'identify' | 'code' | 'annotateBatch'>>;

/** An annotator that works by the batch alone: a single problem is never put to it. */
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
      throw new BudgetlineError('INTERNAL', `Annotator ${name} works by the batch; ${id} came alone.`);
    },
    annotateBatch,
  };
  return definedAt(annotator, code);
}
