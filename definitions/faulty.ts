import { BudgetlineError } from '../core/failures';
import type { Problem } from '../contracts/task';

/** The error of a task whose code makes every run worthless. */
export const faulty = (
  task: string,
  { id }: Pick<Problem, 'id'>,
  message: string,
  cause?: unknown,
): BudgetlineError => new BudgetlineError('TASK_FAULTY', message, { details: { task, item: id }, cause });
