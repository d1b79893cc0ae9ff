import type { RecordsFile } from '../../contracts/records';
import { type Fault, refuseFaults } from '../record-rows';
import { matchResponses, parseResponses } from '../responses';
import { checkInstructions, type Verdicts } from './check';
import { parsePrompts, promptRemedy } from './prompts';

/** Verdicts on one response, in the order of the prompt's instructions. */
export interface PromptVerdict extends Verdicts {
  readonly key: number | string;
}

/** The four rates of IFEval, 0 … 1. */
export interface InstructionRates {
  /** Prompts with all instructions followed. */
  readonly promptStrict: number;
  readonly promptLoose: number;
  /** Instructions followed. */
  readonly instructionStrict: number;
  readonly instructionLoose: number;
}

export interface InstructionScore extends InstructionRates {
  readonly task: 'instruction-following';
  readonly prompts: number;
  readonly instructions: number;
  /** By kind of instruction: their number, and the numbers followed. */
  readonly kinds: Readonly<Record<string, { instructions: number; strict: number; loose: number }>>;
  readonly items: readonly PromptVerdict[];
}

const shareOf = (verdicts: readonly boolean[]): number => verdicts.filter(Boolean).length / verdicts.length;

/** @param items at least one prompt */
export function instructionRates(items: readonly Verdicts[]): InstructionRates {
  return {
    promptStrict: shareOf(items.map(({ strict }) => strict.every(Boolean))),
    promptLoose: shareOf(items.map(({ loose }) => loose.every(Boolean))),
    instructionStrict: shareOf(items.flatMap(({ strict }) => strict)),
    instructionLoose: shareOf(items.flatMap(({ loose }) => loose)),
  };
}

/**
 * Scores responses to the prompts of an IFEval file, strictly and loosely.
 *
 * @throws BudgetlineError DATA_INVALID, with file, line and field of unusable rows
 */
export function scoreInstructions(files: { prompts: RecordsFile; responses: RecordsFile }): InstructionScore {
  const faults: Fault[] = [];
  const prompts = parsePrompts(files.prompts, faults);
  const responses = parseResponses(files.responses, 'prompt', faults);
  const pairs = matchResponses(
    prompts.map(({ line, row }) => ({ line, prompt: row.prompt, row })),
    responses,
    { paths: { prompts: files.prompts.path, responses: files.responses.path }, field: 'prompt', faults },
  );
  refuseFaults(faults, `${promptRemedy} A response is { "prompt", "response" }, one per prompt.`);
  const kinds: Record<string, { instructions: number; strict: number; loose: number }> = {};
  const items = pairs.map(({ row, response }) => {
    const verdicts = checkInstructions(row.checks, response);
    row.kinds.forEach((kind, index) => {
      const tally = (kinds[kind] ??= { instructions: 0, strict: 0, loose: 0 });
      tally.instructions += 1;
      tally.strict += Number(verdicts.strict[index]);
      tally.loose += Number(verdicts.loose[index]);
    });
    return { key: row.key, ...verdicts };
  });
  const counts = { prompts: items.length, instructions: items.flatMap(({ strict }) => strict).length };
  return { task: 'instruction-following', ...counts, ...instructionRates(items), kinds, items };
}
