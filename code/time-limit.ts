import { createContext, Script } from 'node:vm';

const script = new Script('call()');

/** Result of a call that was stopped. */
export const timedOut = Symbol('timed out');

/** The error is of another realm, so it is no instance of this one's Error. */
const isTimeout = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'code' in error &&
  error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';

/**
 * Calls a synchronous function of a user, and stops it at a time limit: V8 then ends what runs on this thread, whichever
 * module it is from, and no `catch` or `finally` of it runs. It cannot stop a call that waits outside of JavaScript, such
 * as `execFileSync`.
 */
export function withinTime<T>(call: () => T, limitMs: number): T | typeof timedOut {
  try {
    return script.runInContext(createContext({ call }), { timeout: limitMs }) as T;
  } catch (error) {
    if (isTimeout(error)) return timedOut;
    throw error;
  }
}
