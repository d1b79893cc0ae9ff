import assert from 'node:assert/strict';
import fc from 'fast-check';
import { truncateLeft, encodeExample, fitExample, joinSequence } from '../../../../trainer/data/encode';
import type { Tokenizer } from '../../../../trainer/io/tokenizer';

/** One id per character, and optionally a beginning-of-sequence token. */
function characters(beginOfSequence: number | null): Tokenizer {
  const encode = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0)!);
  return {
    encode,
    encodeStart: (text) => (beginOfSequence === null ? encode(text) : [beginOfSequence, ...encode(text)]),
    decode: (ids) => String.fromCodePoint(...ids),
    endOfSequence: 1,
    beginOfSequence,
    chatTemplate: null,
  };
}

const place = { path: 'rows.jsonl', line: 3 };
const ids = fc.array(fc.integer({ min: 10, max: 20 }), { minLength: 1, maxLength: 12 });

describe('encoding of rows', () => {
  it('tokenises prompt and answer separately, with one supervised end-of-sequence token', () => {
    const { prompt, answers } = encodeExample(
      characters(7),
      { prompt: 'ab', answers: { completion: 'c' } },
      place,
    );
    assert.deepEqual(prompt, [7, 97, 98]);
    assert.deepEqual(answers, [[99, 1]]);
    const row = joinSequence(prompt, answers[0]!);
    assert.deepEqual([...row.ids], [7, 97, 98, 99, 1]);
    assert.equal(row.completionStart, 3);
  });

  it('does not add a second end of sequence', () => {
    const tokenizer = { ...characters(null), endOfSequence: 99 };
    assert.deepEqual(
      encodeExample(tokenizer, { prompt: 'a', answers: { completion: 'bc' } }, place).answers,
      [[98, 99]],
    );
  });

  it('refuses a text without tokens, naming file, line and field', () => {
    const nothing = { ...characters(null), encode: () => [] };
    assert.throws(
      () => encodeExample(nothing, { prompt: 'a', answers: { chosen: 'b' } }, place),
      /rows\.jsonl, line 3: field "chosen"/,
    );
  });

  const policy = (onOverlength: 'error' | 'drop' | 'truncate') => ({
    maxLength: 8,
    onOverlength,
    beginOfSequence: 7,
  });
  const long = {
    prompt: [7, 11, 12, 13, 14, 15],
    answers: [
      [21, 22, 1],
      [23, 24, 25, 1],
    ],
  };

  it('onOverlength "error" names the row and its length', () => {
    assert.throws(
      () => fitExample(long, policy('error'), place),
      /line 3: 10 tokens, and training\.maxLength is 8/,
    );
  });

  it('onOverlength "drop" drops the row', () => {
    assert.equal(fitExample(long, policy('drop'), place), null);
  });

  it('onOverlength "truncate" cuts the prompt on the left, alike for both answers, and keeps the answers whole', () => {
    const cut = fitExample(long, policy('truncate'), place);
    assert.deepEqual(cut, { prompt: [7, 13, 14, 15], answers: long.answers });
  });

  it('onOverlength "truncate" cuts an answer on the right only if it is too long by itself', () => {
    const huge = { prompt: [7, 11], answers: [[21, 22, 23, 24, 25, 26, 27, 28, 1]] };
    assert.deepEqual(fitExample(huge, policy('truncate'), place), {
      prompt: [7],
      answers: [[21, 22, 23, 24, 25, 26, 27]],
    });
  });

  it('truncated rows fit; rows that fit are unchanged', () => {
    fc.assert(
      fc.property(ids, ids, ids, (prompt, first, second) => {
        const example = { prompt, answers: [first, second] };
        const fitted = fitExample(example, policy('truncate'), place)!;
        const longest = Math.max(...fitted.answers.map((answer) => answer.length));
        assert.ok(fitted.prompt.length >= 1 && longest >= 1 && fitted.prompt.length + longest <= 8);
        if (prompt.length + Math.max(first.length, second.length) <= 8) assert.equal(fitted, example);
      }),
    );
  });

  it('truncates on the left and keeps the beginning-of-sequence token', () => {
    assert.deepEqual(truncateLeft([7, 1, 2, 3], 2, 7), [7, 3]);
    assert.deepEqual(truncateLeft([7, 1, 2, 3], 1, 7), [7]);
    assert.deepEqual(truncateLeft([5, 1, 2, 3], 2, null), [2, 3]);
    assert.deepEqual(truncateLeft([5, 1], 2, null), [5, 1]);
  });
});
