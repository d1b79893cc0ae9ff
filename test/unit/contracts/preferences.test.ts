import assert from 'node:assert/strict';
import { krippendorffAlpha } from '../../../analysis/agreement';
import { decide, measureLabels, type Votes } from '../../../contracts/preferences';
import { preferenceOf } from '../../../contracts/verdict';

const letters = { a: 'first', b: 'second', t: 'tie', r: 'refusal' } as const;
/** "abt": first, second, tie. */
const votes = (text: string): Votes => [...text].map((letter) => letters[letter as keyof typeof letters]);
const winnerOf = (text: string, swapped = true) => decide(votes(text), { swapped }).winner;

describe('the majority of preference labels', () => {
  it('needs more than half of the labels that are not refusals', () => {
    const cases = { a: 'first', b: 'second', aab: 'first', bba: 'second', ab: 'tie', att: 'tie' };
    for (const [text, winner] of Object.entries(cases)) assert.equal(winnerOf(text, false), winner, text);
    assert.equal(winnerOf('aatt', false), 'tie', 'half is not a majority');
    assert.equal(winnerOf('aabtt', false), 'tie', 'more than the other, yet not more than half');
    assert.equal(winnerOf('aabt', false), 'tie');
    assert.equal(winnerOf('aaabt', false), 'first');
  });

  it('ignores refusals, unless there is nothing else', () => {
    assert.equal(winnerOf('arr', false), 'first');
    assert.equal(winnerOf('tr', false), 'tie');
    assert.equal(winnerOf('rr', false), 'refusal');
    assert.equal(decide([], { swapped: true }).winner, 'refusal');
  });

  it('turns odd labels, which saw the answers swapped', () => {
    assert.equal(winnerOf('ab'), 'first', 'both prefer the same answer');
    assert.equal(winnerOf('ba'), 'second');
    assert.equal(winnerOf('aa'), 'tie', 'both prefer the one that was shown first');
    assert.deepEqual(decide(votes('abtbrr'), { swapped: true }).counts, {
      first: 3,
      second: 0,
      tie: 1,
      refusal: 2,
    });
  });
});

describe('the quality of preference labels', () => {
  it('counts ties, refusals, choices of the answer shown first, and items that change with the order', () => {
    const { metrics, labels } = measureLabels(['ab', 'aa', 'ba', 'tt', 'rr', 'ar', 'at'].map(votes));
    assert.deepEqual(metrics, {
      labels: 14,
      labelTies: 3,
      labelRefusals: 3,
      labelFirstShown: 6,
      labelledAgain: 5,
      labelledAlike: 3,
      orderCompared: 5,
      orderFlips: 1,
    });
    assert.deepEqual(
      labels.map(({ rows: [counts], times }) => [counts, times]),
      [
        [[2, 0, 0], 1],
        [[1, 1, 0], 1],
        [[0, 2, 0], 1],
        [[0, 0, 2], 1],
        [[1, 0, 1], 1],
      ],
    );
  });

  it('compares all labels of an item with each other, and the majorities of both orders', () => {
    const { metrics } = measureLabels([votes('abab'), votes('aaab'), votes('aaaa')]);
    assert.deepEqual(
      ['labelledAgain', 'labelledAlike', 'orderCompared', 'orderFlips'].map((name) => metrics[name]),
      [18, 6 + 3 + 2, 3, 1],
    );
  });

  it('has an agreement of 1, 0 and below 0 by Krippendorff’s alpha', () => {
    const alphaOf = (...items: string[]) =>
      krippendorffAlpha(measureLabels(items.map(votes)).labels)?.estimate ?? Number.NaN;
    assert.equal(alphaOf('ab', 'ba', 'ab'), 1);
    // Always the answer shown first: no two labels of an item agree.
    assert.ok(alphaOf('aa', 'aa', 'aa') < 0);
    assert.equal(alphaOf('ar', 'rr'), Number.NaN, 'no two labels to compare');
  });

  it('is empty without labels in both orders', () => {
    const { metrics, labels } = measureLabels([votes('a'), votes('b')]);
    assert.deepEqual([metrics['labels'], metrics['orderCompared'], labels], [2, 0, []]);
  });
});

describe('the label in a text', () => {
  it('is its last marked word, or a refusal', () => {
    const cases = {
      '[[A]]': 'first',
      'At first [[A]], but rather [[B]]': 'second',
      '[[tie]]': 'tie',
      '[[refusal]]': 'refusal',
      'refusal.': 'refusal',
      'I prefer the second one.': 'refusal',
      '': 'refusal',
    };
    for (const [text, preference] of Object.entries(cases))
      assert.equal(preferenceOf(text), preference, text);
  });
});
