import type { Failure } from '../failure';
import type { Ink } from './ink';

/** The code, the message and what to do. Lines are not wrapped, so that paths can be copied. */
export function renderFailure({ code, message, remedy }: Failure, ink: Ink): string[] {
  return [ink.bad(`error[${code}]: ${message}`), `What to do: ${remedy}`];
}
