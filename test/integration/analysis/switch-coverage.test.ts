import assert from 'node:assert/strict';
import { buildGrid } from '../../../analysis/grid';
import { createInference } from '../../../analysis/inference';
import { analyzePrices } from '../../../analysis/price-sensitivity';
import type { ItemResult } from '../../../schemas/rows';
import { createDraws, makeItem, makeSweep } from '../../support/analysis/sweeps';

const sweeps = 1000;
const items = 400;
const [right, wrong] = [1, 0].map((score) =>
  Array.from({ length: items }, (_, index) => makeItem(index, score)),
) as [ItemResult[], ItemResult[]];
const random = createDraws('switches');

/** SFT share 1 rises by .1 a doubling from .5 at 500; SFT share 0 is flat at .55: for 1,000 pairs' money they cross at √2. */
const truth = (fraction: number, budget: number): number =>
  fraction === 0 ? 0.55 : 0.5 + 0.1 * Math.log2(budget / 500);

function drawRows(fraction: number, budget: number): ItemResult[] {
  const chance = truth(fraction, budget) + 0.02 * Math.max(-3, Math.min(3, random.normal()));
  return right.map((item, index) => (random.uniform() < chance ? item : wrong[index]!));
}

/** The interval of the switch for 1,000 pairs' money; null where none was found. */
function switchOf(): { low: number; high: number } | null {
  const { result, items: rows } = makeSweep({
    grid: { budgets: [250, 500, 1000, 2000], sftFractions: [1, 0], seeds: [0, 1, 2] },
    base: wrong,
    rows: ({ sftFraction, budget }) => drawRows(sftFraction, budget),
  });
  const prices = analyzePrices(createInference(buildGrid(result, rows), 400));
  const found = prices.find(({ money }) => money === 1000)?.switches ?? [];
  const [only] = found;
  return found.length !== 1 || only === undefined ? null : { low: only.low!, high: only.high! };
}

describe('where prices switch the best SFT share, simulated', function () {
  this.timeout(120_000);

  it('covers the true ratio by its 95% interval', () => {
    const found = Array.from({ length: sweeps }, switchOf).filter((one) => one !== null);
    assert.ok(found.length > 0.75 * sweeps, `${found.length} of ${sweeps} sweeps have the one switch`);
    const held = found.filter(({ low, high }) => low <= Math.SQRT2 && Math.SQRT2 <= high).length;
    const share = held / found.length;
    console.log(`      (${(100 * share).toFixed(1)} % of ${found.length})`);
    assert.ok(share >= 0.9 && share <= 1, `${share}`);
  });
});
