import { strip } from '../../text/characters';
import type { Check } from './instructions/fields';

/** One verdict per instruction, in order. */
export interface Verdicts {
  readonly strict: boolean[];
  readonly loose: boolean[];
}

/**
 * Variants for loose verdicts: the response without its first line, its last, or both (a greeting, a closing), each with
 * and without asterisks (bold type).
 */
function variants(response: string): string[] {
  const lines = response.split('\n');
  const cuts = [lines.slice(1), lines.slice(0, -1), lines.slice(1, -1)].map((cut) => strip(cut.join('\n')));
  return [response, ...cuts].flatMap((text) => [text, text.replaceAll('*', '')]);
}

/**
 * Strict: the response itself. Loose: any of its eight variants. A blank response or variant follows no instruction.
 */
export function checkInstructions(checks: readonly Check[], response: string): Verdicts {
  const passes = (check: Check, text: string): boolean => strip(text) !== '' && check(text);
  return {
    strict: checks.map((check) => passes(check, response)),
    loose: checks.map((check) => variants(response).some((text) => passes(check, text))),
  };
}
