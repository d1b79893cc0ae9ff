import { stackOfCaller, takeCode, withOrigin } from '../core/code';
import { BudgetlineError } from '../core/failures';
import type { Judge, Problem, Task } from '../contracts/task';

/** A task with judges for `evaluation.judge`. Pass it as `tasks` in place of the original. */
export function withJudges<P extends Problem>(task: Task<P>, ...more: readonly Judge[]): Task<P> {
  const code = { stack: stackOfCaller(), call: 'withJudges' };
  const judges = [...(task.judges ?? []), ...more.map((each) => withOrigin(each, code))];
  if (task.comparison !== undefined) return takeCode({ ...task, judges }, task);
  throw new BudgetlineError('DEFINITION_INVALID', `Task ${task.name} has no comparison for a judge.`, {
    remedy: 'Give defineTask the field "comparison": the answers that a judge compares.',
  });
}
