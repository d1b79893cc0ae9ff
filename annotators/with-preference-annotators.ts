import { stackOfCaller, takeCode, withOrigin } from '../core/code';
import type { PreferenceAnnotator, Problem, Task } from '../contracts/task';

/** A task with preference annotators for `pairs.annotator`. Pass it as `tasks` in place of the original. */
export function withPreferenceAnnotators<P extends Problem>(
  task: Task<P>,
  ...more: readonly PreferenceAnnotator<P>[]
): Task<P> {
  const code = { stack: stackOfCaller(), call: 'withPreferenceAnnotators' };
  const preferenceAnnotators = [
    ...(task.preferenceAnnotators ?? []),
    ...more.map((each) => withOrigin(each, code)),
  ];
  return takeCode({ ...task, preferenceAnnotators }, task);
}
