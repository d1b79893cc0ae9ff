import assert from 'node:assert/strict';
import type { CellIdentity } from '../../../contracts/results';
import { bestCells, bestMixtures, type ScoredCell, withoutMissing } from '../../../workflows/winners';
import { identify } from '../../support/analysis/sweeps';

const scored = (sftFraction: number, score: number, rest: Partial<CellIdentity & { usd: number }> = {}) => {
  const { usd = 1, ...place } = rest;
  const cell = { ...identify(64, sftFraction, place.seed), ...place };
  return { cell, score, annotationUsd: usd } satisfies ScoredCell;
};
const places = (cells: readonly ScoredCell[]) =>
  cells.map(({ cell: { budget, sftFraction, seed } }) => [budget, sftFraction, seed]);

describe('the best cells', () => {
  it('are all seeds of the fraction with the highest mean, for each budget and place', () => {
    const cells = [
      scored(1, 0.9),
      scored(1, 0.1, { seed: 1 }),
      scored(0.5, 0.6),
      scored(0.5, 0.6, { seed: 1 }),
      scored(0, 0.2, { budget: 128 }),
      scored(1, 0.3, { axes: { annotator: 'clean' } }),
    ];
    assert.deepEqual(places(bestCells(cells)), [
      [64, 0.5, 0],
      [64, 0.5, 1],
      [128, 0, 0],
      [64, 1, 0],
    ]);
    assert.deepEqual(places(bestMixtures(cells)), [
      [64, 0.5, 0],
      [64, 0.5, 1],
    ]);
  });

  it('are among equals the cheapest, then those of the smallest fraction', () => {
    assert.deepEqual(places(bestCells([scored(0, 0.5, { usd: 2 }), scored(1, 0.5)])), [[64, 1, 0]]);
    assert.deepEqual(places(bestCells([scored(1, 0.5), scored(0, 0.5 + 1e-12)])), [[64, 0, 0]]);
  });
});

describe('the cells that something is chosen from', () => {
  type Outcome = readonly [cell: CellIdentity, score: number | null | undefined];
  const kept = (outcomes: readonly Outcome[]) =>
    places(
      withoutMissing(
        { cells: outcomes.map(([cell]) => ({ cell, annotationUsd: 1 }) as never) },
        {
          scores: Object.fromEntries(
            outcomes.flatMap(([{ id }, score]) => (score === undefined ? [] : [[id, score]])),
          ),
        },
      ),
    );
  const cell = (sftFraction: number, { budget = 64, seed = 0, axes }: Partial<CellIdentity> = {}) => {
    const { id, ...rest } = identify(budget, sftFraction, seed);
    return { ...rest, id: `${id}${JSON.stringify(axes)}`, axes };
  };

  it('are none of a budget with a split that failed, and all of the others', () => {
    const other = { axes: { annotator: 'clean' } };
    assert.deepEqual(
      kept([
        [cell(1), 0.5],
        [cell(0.5), null],
        [cell(1, { budget: 128 }), 0.6],
        [cell(0.5, { budget: 128 }), 0.7],
        [cell(1, other), 0.4],
        [cell(0.5, other), 0.3],
      ]),
      [
        [128, 1, 0],
        [128, 0.5, 0],
        [64, 1, 0],
        [64, 0.5, 0],
      ],
    );
  });

  it('are all where another seed has the score, or a search left the split out', () => {
    assert.deepEqual(
      kept([
        [cell(1), 0.5],
        [cell(0.5), null],
        [cell(0.5, { seed: 1 }), 0.4],
        [cell(0), undefined],
      ]),
      [
        [64, 1, 0],
        [64, 0.5, 1],
      ],
    );
  });
});
