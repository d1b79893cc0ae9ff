import type { Failure } from '../failure';
import type { Ink } from './ink';

/** One sentence and what to do about it. Lines are not broken: paths in them are there to be copied. */
export function renderFailure({ message, remedy }: Pick<Failure, 'message' | 'remedy'>, ink: Ink): string[] {
  return [ink.bad(message), `What to do: ${remedy}`];
}
