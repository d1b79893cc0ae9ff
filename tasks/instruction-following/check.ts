import { strip } from '../../text/characters';
import type { Check } from './instructions/fields';

/** One verdict an instruction, in the order of the instructions. */
export interface Verdicts {
  readonly strict: boolean[];
  readonly loose: boolean[];
}

/**
 * What loose judging looks at: the response without its first line, its last, or both (a greeting, a closing), each
 * with asterisks (bold type) and without.
 */
function variants(response: string): string[] {
  const lines = response.split('\n');
  const cuts = [lines.slice(1), lines.slice(0, -1), lines.slice(1, -1)].map((cut) => strip(cut.join('\n')));
  return [response, ...cuts].flatMap((text) => [text, text.replaceAll('*', '')]);
}

/**
 * Strict: the response as it is. Loose: any of its eight variants. A blank response, and a blank variant, keeps nothing.
 */
export function checkInstructions(checks: readonly Check[], response: string): Verdicts {
  const passes = (check: Check, text: string): boolean => strip(text) !== '' && check(text);
  return {
    strict: checks.map((check) => passes(check, response)),
    loose: checks.map((check) => variants(response).some((text) => passes(check, text))),
  };
}
