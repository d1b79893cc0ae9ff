import { stackOfCaller, takeCode, withOrigin } from '../contracts/code';
import { BudgetlineError } from '../contracts/failures';
import type { Judge, Problem, Task } from '../contracts/task';

/** A task with judges that definitions may name in `evaluation.judge`, in the place of the task's own program. */
export function withJudges<P extends Problem>(task: Task<P>, ...more: readonly Judge[]): Task<P> {
  const code = { stack: stackOfCaller(), call: 'withJudges' };
  const judges = [...(task.judges ?? []), ...more.map((each) => withOrigin(each, code))];
  if (task.comparison !== undefined) return takeCode({ ...task, judges }, task);
  throw new BudgetlineError(
    'DEFINITION_INVALID',
    `Task ${task.name} compares nothing that could be judged.`,
    {
      remedy: 'Give defineTask a field "sides": what a judge is shown.',
    },
  );
}
