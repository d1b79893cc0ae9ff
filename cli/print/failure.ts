import type { Failure } from '../failure';
import type { Ink } from './ink';

/** The code, one sentence and what to do about it. Lines are not broken: paths in them are there to be copied. */
export function renderFailure({ code, message, remedy }: Failure, ink: Ink): string[] {
  return [ink.bad(`error[${code}]: ${message}`), `What to do: ${remedy}`];
}
