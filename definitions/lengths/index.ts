/** Texts that are longer than a limit of the definition, counted before anything is bought. */
import { BudgetlineError } from '../../core/failures';
import { openTokenCounter, type TokenCounter } from '../../trainer/data/lengths';
import { describeLong, type LengthCheck, type LongTexts, measureLengths } from './measure';

export { checkRows, type FileRows, lengthChecks } from './checks';
export type { LongTexts } from './measure';

/** Time for one definition. */
const limitMs = 20_000;

/** Long texts, or why they could not be counted. */
export interface Lengths {
  readonly long: readonly LongTexts[];
  readonly warnings: readonly string[];
}

/** Opens the tokenizer once, and only where a text may be too long. */
function counterOf(model: string): () => Promise<TokenCounter> {
  let opening: Promise<TokenCounter> | undefined;
  return () => (opening ??= openTokenCounter(model));
}

/** Counts texts by the tokenizer of a model. A tokenizer that cannot be read is a warning: training reports it. */
export async function findLong(checks: readonly LengthCheck[], model: string): Promise<Lengths> {
  try {
    const long = await measureLengths(checks, { open: counterOf(model), limitMs });
    return { long, warnings: long.map(describeLong) };
  } catch (error) {
    if (!(error instanceof BudgetlineError)) throw error;
    return { long: [], warnings: [`Lengths in tokens were not checked: ${error.message}`] };
  }
}
