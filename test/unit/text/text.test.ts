import assert from 'node:assert/strict';
import { isLower, isUpper, splitSpace, strip, stripCharacter } from '../../../text/characters';
import { detectLanguage } from '../../../text/language/detect';
import { splitSentences } from '../../../text/sentences/split';
import { tokenizeWords, wordRuns } from '../../../text/words';
import { readOracle } from '../../support/oracle';

interface Texts {
  readonly sentences: { readonly text: string; readonly sentences: string[] }[];
  readonly words: { readonly text: string; readonly words: string[] }[];
  readonly languages: { readonly text: string; readonly found: (string | null)[] }[];
}

const oracle = readOracle('ifeval') as Texts;

describe('sentences and words', () => {
  it('ends sentences where NLTK’s Punkt does', () => {
    for (const { text, sentences } of oracle.sentences)
      assert.deepEqual(splitSentences(text), sentences, text);
  });

  it('splits words and marks as NLTK does', () => {
    for (const { text, words } of oracle.words) assert.deepEqual(tokenizeWords(text), words, text);
  });

  it('counts combining marks as parts of words', () => {
    assert.deepEqual(wordRuns('नमस्ते, e\u0301te\u0301 1,000'), ['नमस्ते', 'e\u0301te\u0301', '1', '000']);
  });

  it('strips and splits by Python’s white space', () => {
    assert.equal(strip('\u001f\u0085 a\ufeff\u2003'), 'a\ufeff');
    assert.deepEqual(splitSpace('\u001ca\u2028b '), ['a', 'b']);
    assert.deepEqual(splitSpace(' '), []);
    assert.equal(stripCharacter('**a*b***', '*'), 'a*b');
    assert.equal(stripCharacter('***', '*'), '');
  });

  it('tests case as Python does: a text without letters is neither upper nor lower', () => {
    assert.deepEqual(
      [isUpper('A1!'), isUpper('1!'), isUpper('Aa'), isUpper('ǅ')],
      [true, false, false, false],
    );
    assert.deepEqual([isLower('a1!'), isLower(''), isLower('aA'), isLower('ª')], [true, false, false, true]);
  });
});

describe('language detection', () => {
  it('equals the random detector where its seeds agree, and one of its answers otherwise', () => {
    const agreed = oracle.languages.filter(({ found }) => new Set(found).size === 1);
    assert.ok(agreed.length > 60, `${agreed.length} of ${oracle.languages.length} texts`);
    for (const { text, found } of oracle.languages)
      assert.ok(
        found.includes(detectLanguage(text) ?? null),
        `${text}: ${found.join()} ${detectLanguage(text) ?? ''}`,
      );
  });
});
