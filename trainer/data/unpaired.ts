import { z } from 'zod';
import {
  preferenceRow,
  unpairedRow,
  type PreferenceRow,
  type UnpairedRow as UnpairedSource,
} from '../../schemas/rows';
import { BudgetlineError } from '../../core/failures';
import type { JobOf } from '../../schemas/trainer-job';
import type { UnpairedRow } from '../rows';
import type { Tokenizer } from '../io/tokenizer';
import { policyOf, readDataset, type Dataset } from './datasets';
import { fitExample, joinSequence, type LengthPolicy, type RowPlace } from './encode';

type Source = UnpairedSource | PreferenceRow;

const isPair = (row: Source): row is PreferenceRow => 'chosen' in row;

/** A pair or an unpaired row. A field "chosen" decides, so that errors name fields of the intended kind. */
const eitherRow: z.ZodType<Source> = z.unknown().transform((row, context): Source => {
  const paired = typeof row === 'object' && row !== null && 'chosen' in row;
  const parsed = (paired ? preferenceRow : unpairedRow).safeParse(row);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) context.addIssue({ code: 'custom', path, message });
  return z.NEVER;
});

/** A labelled answer, not yet joined with its prompt. */
interface LabelledAnswer {
  readonly prompt: readonly number[];
  readonly answer: readonly number[];
  readonly desirable: boolean;
}

/** For each row the index of the next row with another prompt, wrapping around. */
function findOtherPrompts(rows: readonly LabelledAnswer[], place: { path: string }): number[] {
  const prompts = rows.map(({ prompt }) => prompt.join());
  if (new Set(prompts).size < 2)
    throw new BudgetlineError(
      'DATA_INVALID',
      `${place.path} has only one prompt; the loss "kto" needs answers to other prompts for its baseline.`,
      { details: place },
    );
  const next = new Array<number>(rows.length).fill(0);
  // Backwards, twice around: in the second round the entry of every following row is right.
  for (let index = 2 * rows.length - 1; index >= 0; index -= 1) {
    const [own, after] = [index % rows.length, (index + 1) % rows.length];
    next[own] = prompts[own] === prompts[after] ? next[after]! : after;
  }
  return next;
}

/** A prompt followed by the answer to another prompt, truncated to maxLength. */
function mismatch(own: LabelledAnswer, other: LabelledAnswer, policy: LengthPolicy, place: RowPlace) {
  const example = { prompt: own.prompt, answers: [other.answer] };
  const fitted = fitExample(example, { ...policy, onOverlength: 'truncate' }, place) ?? example;
  return joinSequence(fitted.prompt, fitted.answers[0] ?? []);
}

/**
 * Rows for KTO; the reference's log-probabilities are 0 until the reference pass. A pair becomes one desirable and one
 * undesirable row.
 */
export async function readUnpaired(
  job: JobOf<'preference'>,
  tokenizer: Tokenizer,
): Promise<Dataset<UnpairedRow>> {
  const policy = policyOf(job, tokenizer);
  const dataset = await readDataset<Source, LabelledAnswer>({
    path: job.data,
    policy,
    tokenizer,
    schema: eitherRow,
    answersOf: (row): Record<string, string> =>
      isPair(row) ? { chosen: row.chosen, rejected: row.rejected } : { completion: row.completion },
    build: ({ prompt, answers }, source) =>
      answers.map((answer, index) => ({
        prompt,
        answer,
        desirable: isPair(source) ? index === 0 : source.label,
      })),
  });
  const others = findOtherPrompts(dataset.rows, { path: job.data });
  const rows = dataset.rows.map((labelled, index) => ({
    sequence: joinSequence(labelled.prompt, labelled.answer),
    desirable: labelled.desirable,
    reference: 0,
    mismatched: mismatch(labelled, dataset.rows[others[index]!]!, policy, {
      path: job.data,
      line: index + 1,
    }),
    referenceMismatched: 0,
  }));
  return { ...dataset, rows };
}
