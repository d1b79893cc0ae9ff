import type { ItemResult } from '../../schemas/rows';
import { defineTask } from '../define/define-task';
import type { RowSchema } from '../define/types';
import type { FieldReason } from '../record-rows';
import type { Fields } from '../../schemas/json-lines';
import { checkInstructions } from './check';
import { type InstructionPrompt, readPrompt } from './prompts';
import { generateRow, type SyntheticRow } from './synthetic';

interface InstructionItem extends InstructionPrompt {
  /** A response that follows the instructions; training rows need one, test rows do not. */
  readonly response?: string;
  /** Synthetic items only: a response without its subject. */
  readonly pattern?: string;
}

/** A response must follow all instructions, although the score is a fraction: it is trained on. */
function responseReasons({ checks }: InstructionPrompt, response: unknown): FieldReason[] {
  if (response === undefined || response === '') return [];
  if (typeof response !== 'string') return [{ field: 'response', reason: 'is not a text' }];
  const { strict } = checkInstructions(checks, response);
  if (strict.every(Boolean)) return [];
  const kept = `${strict.filter(Boolean).length} of ${strict.length}`;
  return [{ field: 'response', reason: `follows ${kept} of its instructions` }];
}

/** Rows of an IFEval file, with an optional `response` that follows the instructions. */
const schema: RowSchema<InstructionItem> = {
  safeParse(row) {
    const result = readPrompt(row as Fields);
    const { response } = row as { response?: string };
    const reasons = 'row' in result ? responseReasons(result.row, response) : result.reasons;
    if ('row' in result && reasons.length === 0) return { success: true, data: { ...result.row, response } };
    return {
      success: false,
      error: { issues: reasons.map(({ field, reason }) => ({ path: [field], message: reason })) },
    };
  },
};

function itemOf({ pattern, ...row }: SyntheticRow): InstructionItem {
  const parsed = schema.safeParse(row);
  if (parsed.success) return { ...parsed.data, pattern };
  throw new TypeError(`a generated row is malformed: ${JSON.stringify(parsed.error.issues)}`);
}

const shareOf = (kept: readonly boolean[]): number => kept.filter(Boolean).length / kept.length;

/** Rates over instructions; they are not means over prompts, which differ in their number of instructions. */
function summarize(items: readonly ItemResult[]): Record<string, number> {
  const total = (name: string): number => items.reduce((sum, { scores }) => sum + (scores[name] ?? 0), 0);
  const instructions = total('instructions');
  return {
    instructionStrict: total('keptStrict') / instructions,
    instructionLoose: total('keptLoose') / instructions,
  };
}

/**
 * Instruction following, on IFEval files or synthetic prompts with six of its 25 kinds. An answer's score is the fraction of
 * instructions that it follows, strictly; `scores` has the published rates.
 */
export const instructionFollowing = defineTask<InstructionItem>({
  name: 'instruction-following',
  metric: 'instructions kept',
  synthesize: (random) => itemOf(generateRow(random)),
  schema,
  prompt: ({ prompt }) => `${prompt}\nA: `,
  leakageText: ({ prompt }) => prompt,
  pattern: ({ pattern = '' }) => pattern,
  target: ({ kinds }) => kinds.join(', '),
  gold: ({ response }) => (response === '' ? undefined : response),
  score({ checks }, completion) {
    const { strict, loose } = checkInstructions(checks, completion);
    const score = shareOf(strict);
    return {
      score,
      scores: {
        promptStrict: Number(score === 1),
        promptLoose: Number(loose.every(Boolean)),
        instructions: checks.length,
        keptStrict: strict.filter(Boolean).length,
        keptLoose: loose.filter(Boolean).length,
      },
    };
  },
  summarize,
});
