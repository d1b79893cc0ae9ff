import type { TrainingSpec } from '../../schemas/training';
import type { SequenceRow } from '../rows';
import { rowFailure } from '../io/jsonl';
import type { Tokenizer } from '../io/tokenizer';

/** Ids of one prompt and the answers that follow it: one for SFT, chosen and rejected for a pair. */
export interface EncodedExample {
  readonly prompt: readonly number[];
  /** Each ends with the end-of-sequence id, which is supervised like any other token. */
  readonly answers: readonly (readonly number[])[];
}

/** File and line of a row, for errors. */
export interface RowPlace {
  readonly path: string;
  readonly line: number;
}

/**
 * Encodes prompt and answers separately, so that no token spans both and the loss mask follows from the position.
 * @throws DATA_INVALID if a text has no tokens.
 */
export function encodeExample(
  tokenizer: Tokenizer,
  texts: { prompt: string; answers: Readonly<Record<string, string>> },
  place: RowPlace,
): EncodedExample {
  const prompt = tokenizer.encodeStart(texts.prompt);
  if (prompt.length === 0)
    throw rowFailure(place.path, place.line, 'field "prompt" has no tokens', { field: 'prompt' });
  const answers = Object.entries(texts.answers).map(([field, text]) => {
    const ids = tokenizer.encode(text);
    if (ids.length === 0)
      throw rowFailure(place.path, place.line, `field "${field}" has no tokens`, { field });
    return ids.at(-1) === tokenizer.endOfSequence ? ids : [...ids, tokenizer.endOfSequence];
  });
  return { prompt, answers };
}

export interface LengthPolicy {
  readonly maxLength: number;
  readonly onOverlength: TrainingSpec['onOverlength'];
  readonly beginOfSequence: number | null;
}

/** Truncates on the left: the last `keep` ids, with the beginning-of-sequence id kept in front. */
export function truncateLeft(
  ids: readonly number[],
  keep: number,
  beginOfSequence: number | null,
): readonly number[] {
  if (ids.length <= keep) return ids;
  if (beginOfSequence === null || ids[0] !== beginOfSequence) return ids.slice(ids.length - keep);
  return keep === 1 ? [beginOfSequence] : [beginOfSequence, ...ids.slice(ids.length - keep + 1)];
}

/**
 * Applies `onOverlength` to a row longer than maxLength: "error" throws DATA_INVALID, "drop" returns null, "truncate" cuts
 * the prompt on the left, and an answer on the right only if it is too long by itself.
 */
export function fitExample(
  example: EncodedExample,
  policy: LengthPolicy,
  place: RowPlace,
): EncodedExample | null {
  const longest = Math.max(...example.answers.map((ids) => ids.length));
  const length = example.prompt.length + longest;
  if (length <= policy.maxLength) return example;
  if (policy.onOverlength === 'error')
    throw rowFailure(
      place.path,
      place.line,
      `${length} tokens, and training.maxLength is ${policy.maxLength}`,
      { field: 'training.maxLength', tokens: length },
    );
  if (policy.onOverlength === 'drop') return null;
  const keep = Math.max(1, policy.maxLength - longest);
  const room = policy.maxLength - keep;
  return {
    prompt: truncateLeft(example.prompt, keep, policy.beginOfSequence),
    answers: example.answers.map((ids) => ids.slice(0, room)),
  };
}

/** One sequence of prompt and answer; the answer is supervised. */
export function joinSequence(prompt: readonly number[], answer: readonly number[]): SequenceRow {
  return { ids: Int32Array.from([...prompt, ...answer]), completionStart: prompt.length };
}
