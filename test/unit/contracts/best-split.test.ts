import assert from 'node:assert/strict';
import { bestSplits, isMixture } from '../../../contracts/best-split';
import { createRandom } from '../../../core/random';

describe('the best split', () => {
  const names = (splits: readonly { readonly name: string }[]) => splits.map(({ name }) => name);
  const split = (name: string, score: number, annotationUsd: number, sftFraction: number) => ({
    name,
    score,
    annotationUsd,
    sftFraction,
  });

  it('has the highest score; among equals it is the cheapest, then that of the smallest fraction', () => {
    const splits = [
      split('low', 0.4, 0, 0),
      split('dear', 0.5, 3, 0),
      split('larger', 0.5 + 1e-12, 2, 0.5),
      split('smaller', 0.5, 2, 0.25),
    ];
    assert.deepEqual(names(bestSplits(splits, (each) => each)), ['smaller', 'larger', 'dear']);
    assert.deepEqual(
      bestSplits([], () => split('', 0, 0, 0)),
      [],
    );
  });

  it('does not depend on the order of the splits', () => {
    const random = createRandom('orders of splits');
    const draw = (most: number): number => Math.floor(random() * most);
    for (let round = 0; round < 30; round += 1) {
      const splits = Array.from({ length: 6 }, (_, at) => split(`${at}`, draw(3) / 3, draw(2), at / 6));
      const expected = names(bestSplits(splits, (each) => each));
      const shuffled = splits
        .map((each) => ({ each, key: random() }))
        .sort((a, b) => a.key - b.key)
        .map(({ each }) => each);
      assert.deepEqual(names(bestSplits(shuffled, (each) => each)), expected);
    }
  });

  it('is a mixture with rows of both kinds', () => {
    assert.deepEqual(
      [
        [1, 1],
        [1, 0],
        [0, 1],
      ].map(([sftRows = 0, pairRows = 0]) => isMixture({ sftRows, pairRows })),
      [true, false, false],
    );
  });
});
