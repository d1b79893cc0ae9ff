import { definedAt } from '../contracts/code';
import { BudgetlineError } from '../contracts/failures';
import type { Annotator } from '../contracts/task';

/** What an annotator is that is given all rows of a stage at once. */
type BatchAnnotator = Pick<Annotator, 'name' | 'description'> &
  Required<Pick<Annotator, 'identify' | 'code' | 'demonstrateAll'>>;

/** An annotator that works by the batch alone: a single problem is never put to it. */
export function annotatorByTheBatch({
  name,
  description,
  identify,
  code,
  demonstrateAll,
}: BatchAnnotator): Annotator {
  const annotator: Annotator = {
    name,
    description,
    identify,
    demonstrate: ({ id }) => {
      throw new BudgetlineError('INTERNAL', `Annotator ${name} works by the batch; ${id} came alone.`);
    },
    demonstrateAll,
  };
  return definedAt(annotator, code);
}
