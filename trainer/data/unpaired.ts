import { z } from 'zod';
import {
  preferenceRow,
  unpairedRow,
  type PreferenceRow,
  type UnpairedRow as UnpairedSource,
} from '../../schemas/rows';
import { BudgetlineError } from '../../contracts/failures';
import type { JobOf } from '../../schemas/trainer-job';
import type { UnpairedRow } from '../engine/types';
import type { Tokenizer } from '../io/tokenizer';
import { policyOf, readDataset, type Dataset } from './datasets';
import { fitExample, joinSequence, type LengthPolicy, type RowPlace } from './encode';

type Source = UnpairedSource | PreferenceRow;

const isPair = (row: Source): row is PreferenceRow => 'chosen' in row;

/** Either form, told apart by its fields, so that an error names the field of the form that was meant. */
const eitherRow: z.ZodType<Source> = z.unknown().transform((row, context): Source => {
  const paired = typeof row === 'object' && row !== null && 'chosen' in row;
  const parsed = (paired ? preferenceRow : unpairedRow).safeParse(row);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) context.addIssue({ code: 'custom', path, message });
  return z.NEVER;
});

/** A judged answer, still in its parts. */
interface Judged {
  readonly prompt: readonly number[];
  readonly answer: readonly number[];
  readonly desirable: boolean;
}

/** For each row the next one, around the end, that answers another prompt. */
function findOtherPrompts(rows: readonly Judged[], place: { path: string }): number[] {
  const prompts = rows.map(({ prompt }) => prompt.join());
  if (new Set(prompts).size < 2)
    throw new BudgetlineError(
      'DATA_INVALID',
      `${place.path} has one prompt only; the loss "kto" measures its baseline on answers to other prompts.`,
      { details: place },
    );
  const next = new Array<number>(rows.length).fill(0);
  // Twice around, backwards: the second time, every row behind one knows its own answer.
  for (let index = 2 * rows.length - 1; index >= 0; index -= 1) {
    const [own, after] = [index % rows.length, (index + 1) % rows.length];
    next[own] = prompts[own] === prompts[after] ? next[after]! : after;
  }
  return next;
}

/** A prompt before an answer to another one, cut to the length that all rows keep. */
function mismatch(own: Judged, other: Judged, policy: LengthPolicy, place: RowPlace) {
  const example = { prompt: own.prompt, answers: [other.answer] };
  const fitted = fitExample(example, { ...policy, onOverlength: 'truncate' }, place) ?? example;
  return joinSequence(fitted.prompt, fitted.answers[0] ?? []);
}

/** Rows for KTO, the reference's log-probabilities still open (0). A pair gives one desirable and one undesirable row. */
export async function readUnpaired(
  job: JobOf<'preference'>,
  tokenizer: Tokenizer,
): Promise<Dataset<UnpairedRow>> {
  const policy = policyOf(job, tokenizer);
  const dataset = await readDataset<Source, Judged>({
    path: job.data,
    policy,
    tokenizer,
    schema: eitherRow,
    answersOf: (row) =>
      isPair(row) ? { chosen: row.chosen, rejected: row.rejected } : { completion: row.completion },
    build: ({ prompt, answers }, source) =>
      answers.map((answer, index) => ({
        prompt,
        answer,
        desirable: isPair(source) ? index === 0 : source.label,
      })),
  });
  const others = findOtherPrompts(dataset.rows, { path: job.data });
  const rows = dataset.rows.map((judged, index) => ({
    sequence: joinSequence(judged.prompt, judged.answer),
    desirable: judged.desirable,
    reference: 0,
    mismatched: mismatch(judged, dataset.rows[others[index]!]!, policy, { path: job.data, line: index + 1 }),
    referenceMismatched: 0,
  }));
  return { ...dataset, rows };
}
