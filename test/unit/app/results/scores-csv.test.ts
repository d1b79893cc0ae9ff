import { strict as assert } from 'node:assert';
import { analyzeResults } from '../../../../app/results/analyze-results';
import { parseResults } from '../../../../app/results/results-csv';
import { renderScoresCsv } from '../../../../app/results/scores-csv';
import type { SubjectAnalysis } from '../../../../contracts/analysis/sweep';
import { analyzeSweep, fixedItems, makeSweep } from '../../../support/analysis/sweeps';

const grid = { budgets: [64, 256], sftFractions: [1, 0.5, 0.1, 0], seeds: [0, 1, 2] };

/** A sweep at one axis value, with its own winner; the name may need quotes in a CSV. */
function partAt(annotator: string, bestFraction: number) {
  const rows = ({ budget, sftFraction, seed }: { budget: number; sftFraction: number; seed: number }) =>
    fixedItems(400, Math.round(budget / 4 + 200 * (1 - Math.abs(sftFraction - bestFraction)) + 3 * seed));
  const sweep = makeSweep({ grid, base: fixedItems(400, 30), rows });
  return { ...sweep, coordinates: { annotator } };
}

const summarize = ({ axes, base, budgets }: SubjectAnalysis): object => ({
  axes,
  base: base?.score.estimate,
  budgets: budgets.map(({ budget, sftFraction, sftRows, pairRows, score, tied, regions }) => ({
    budget,
    sftFraction,
    sftRows,
    pairRows,
    score: score.estimate.toFixed(9),
    tied,
    regions: regions.map(({ fractions }) => fractions),
  })),
});

describe('the scores of a sweep as a table', () => {
  const parts = [partAt('clean', 1), partAt('slip, "50 %"', 0.1)];

  it('have the same winners when they are analysed again, for every axis value', () => {
    const { rows } = parseResults(renderScoresCsv(parts), 'scores.csv', ['annotator']);
    const { equivalenceMargin, prices } = parts[0]!.definition;
    const again = analyzeResults(rows, { equivalenceMargin, prices });
    const first = parts.map((part) => analyzeSweep({ ...part, axes: part.coordinates }));
    assert.deepEqual(again.map(summarize), first.map(summarize));
    assert.deepEqual(
      again.map(({ budgets }) => budgets.map(({ sftFraction }) => sftFraction)),
      [
        [1, 1],
        [0.1, 0.1],
      ],
    );
  });

  it('have no second column for a model that is an axis', () => {
    const [part] = parts;
    const [header] = renderScoresCsv([{ ...part!, coordinates: { model: 'embedded' } }]).split('\r\n');
    assert.equal(
      header,
      'task,model,budget,sft_fraction,seed,score,n_items,well_formed_rate,mean_length,repetition_rate',
    );
  });
});
