import { timedOut, withinTime } from '../code/time-limit';
import { failureWords, isCoded } from '../code/user-failure';
import type { CallFunction } from '../contracts/task';
import { itemName } from '../contracts/text';
import { faulty } from './faulty';
import { RunningCall } from './running-call';

/** Limits of making problems, in milliseconds. */
export interface MakingLimits {
  /** For all problems, at first. */
  readonly allMs: number;
  /** One call that takes this long does not end. */
  readonly callMs: number;
}

const standard: MakingLimits = { allMs: 20_000, callMs: 2_000 };

/** Calls that name function and item where they throw. */
const naming =
  (task: string, running: RunningCall): CallFunction =>
  (name, item, call) => {
    const who = `"${name}" of task ${task}`;
    try {
      return running.call(`${who}, on ${itemName(item)},`, item, call);
    } catch (error) {
      if (isCoded(error)) throw error;
      const message = `${who} fails on ${itemName(item)}: ${failureWords(error)}`;
      throw faulty(task, item, message, error);
    }
  };

/**
 * Makes problems with a task's functions. A call that does not end is stopped. V8 stops all that runs, so many problems
 * that take long without such a call are made once more, with twice the time.
 *
 * @throws BudgetlineError TASK_FAULTY: a function that fails or does not end, with the item
 */
export function makeWithin<T>(
  task: string,
  make: (call: CallFunction) => T,
  { allMs, callMs }: MakingLimits = standard,
): T {
  const running = new RunningCall(task);
  const made = withinTime(() => make(naming(task, running)), allMs);
  if (made !== timedOut) return made;
  const stopped = running.ms < callMs ? undefined : running.stopped();
  if (stopped !== undefined) throw stopped;
  return makeWithin(task, make, { allMs: 2 * allMs, callMs });
}
