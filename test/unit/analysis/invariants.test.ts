import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Estimate } from '../../../contracts/analysis/estimate';
import type { SweepAnalysis } from '../../../contracts/analysis/sweep';
import type { AnalyzeSweepInput } from '../../../analysis';
import { analyzeSweep, createDraws, drawItems, makeSweep } from '../../support/analysis/sweeps';

const anySweep = fc
  .record({
    budgets: fc.uniqueArray(fc.constantFrom(64, 256, 1024, 4096), { minLength: 1, maxLength: 3 }),
    sftFractions: fc.uniqueArray(fc.constantFrom(0, 0.01, 0.1, 0.25, 0.5, 0.75, 1), {
      minLength: 1,
      maxLength: 5,
    }),
    seeds: fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 3 }),
    items: fc.integer({ min: 2, max: 40 }),
    label: fc.string(),
    extreme: fc.boolean(),
  })
  .map(({ items, label, extreme, ...grid }): AnalyzeSweepInput => {
    const random = createDraws(label);
    const chance = (): number => (extreme ? Number(random.uniform() < 0.5) : random.uniform());
    const draw = (p: number): ReturnType<typeof drawItems> =>
      drawItems(random, items, () => p).map((row) => ({ ...row, wellFormed: random.uniform() < p }));
    return { ...makeSweep({ grid, base: draw(0.2), rows: () => draw(chance()) }), resamples: 200 };
  });

function estimatesOf(value: unknown): Estimate[] {
  if (typeof value !== 'object' || value === null) return [];
  const nested = Object.values(value).flatMap(estimatesOf);
  return 'estimate' in value ? [value as Estimate, ...nested] : nested;
}

function holds(check: (analysis: SweepAnalysis, sweep: AnalyzeSweepInput) => void): void {
  fc.assert(
    fc.property(anySweep, (sweep) => check(analyzeSweep(sweep), sweep)),
    { numRuns: 40 },
  );
}

describe('what holds for every sweep', function () {
  this.timeout(30_000);

  it('every interval contains its estimate, and shares stay within 0 … 1', () => {
    holds((analysis) => {
      for (const { estimate, low, high } of estimatesOf(analysis)) {
        assert.ok(low! <= estimate && estimate <= high!, JSON.stringify({ estimate, low, high }));
      }
      for (const { score } of analysis.cells) assert.ok(score.low! >= 0 && score.high! <= 1);
    });
  });

  it('the chances of being the best sum to one at each budget, and the best is never excluded', () => {
    holds((analysis) => {
      for (const { budget, sftFraction, indistinguishable, regions, tied } of analysis.budgets) {
        const cells = analysis.cells.filter((cell) => cell.budget === budget);
        const chances = cells.flatMap(({ probabilityBest }) => probabilityBest ?? []);
        // Alone there is nothing to be better than.
        assert.equal(chances.length, cells.length === 1 ? 0 : cells.length);
        const total = chances.reduce((sum, chance) => sum + chance, 0);
        assert.ok(cells.length === 1 || Math.abs(total - 1) < 1e-9, String(total));
        for (const list of [indistinguishable, ...regions.map(({ fractions }) => fractions), tied])
          assert.ok(list.includes(sftFraction));
      }
    });
  });

  it('the best of a budget differs from itself by nothing, and all others by nothing or less', () => {
    holds((analysis) => {
      for (const cell of analysis.cells) {
        assert.ok(cell.toBest.estimate <= 1e-9);
        const best = analysis.budgets.find(({ budget }) => budget === cell.budget)!.sftFraction;
        if (best === cell.sftFraction) assert.deepEqual(cell.toBest, { estimate: 0, low: 0, high: 0 });
      }
    });
  });

  it('the order of items and cells does not matter', () => {
    holds((analysis, { items, result, ...rest }) => {
      const turned = new Map([...items].reverse().map(([key, rows]) => [key, [...rows].reverse()]));
      const reversed = { ...result, cells: [...result.cells].reverse() };
      assert.deepEqual(analyzeSweep({ ...rest, items: turned, result: reversed }), analysis);
    });
  });

  it('fewer than three seeds decide no claim, and a decided claim has no other direction', () => {
    holds((analysis) => {
      assert.deepEqual(
        analysis.verdicts.map(({ claim }) => claim),
        ['C1', 'C2', 'C3', 'C4', 'C5'],
      );
      for (const { verdict, pointsTo, conditional } of analysis.verdicts) {
        if (analysis.seeds.length < 3) assert.ok(verdict === 'undecided' || verdict === 'not tested');
        assert.equal(pointsTo !== null, verdict === 'undecided');
        if (conditional) assert.equal(verdict, 'undecided');
      }
    });
  });
});
