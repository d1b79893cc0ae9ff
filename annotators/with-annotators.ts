import { stackOfCaller, takeCode, withOrigin } from '../core/code';
import type { Annotator, Problem, Task } from '../contracts/task';

/** A task with further annotators. Pass it as `tasks` in place of the original. */
export function withAnnotators<P extends Problem>(task: Task<P>, ...more: readonly Annotator<P>[]): Task<P> {
  const code = { stack: stackOfCaller(), call: 'withAnnotators' };
  const annotators = [...task.annotators, ...more.map((each) => withOrigin(each, code))];
  return takeCode({ ...task, annotators }, task);
}
