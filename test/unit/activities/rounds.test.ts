import { strict as assert } from 'node:assert';
import * as fc from 'fast-check';
import { planRound } from '../../../activities/synthesize-data/rounds';

describe('rows of own samples', () => {
  it('are found in rounds that end: within the pool, never empty before its end, few for a steady yield', () => {
    const settings = fc.record({
      needed: fc.integer({ min: 1, max: 2000 }),
      pool: fc.integer({ min: 1, max: 8000 }),
      yieldShare: fc.double({ min: 0.05, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(settings, ({ needed, pool, yieldShare }) => {
        let [scanned, found, rounds] = [0, 0, 0];
        while (found < needed && scanned < pool) {
          const count = planRound({ needed, found, scanned, pool });
          assert.ok(Number.isInteger(count) && count > 0 && count <= pool - scanned);
          scanned += count;
          found = Math.floor(scanned * yieldShare);
          rounds++;
        }
        assert.ok(rounds <= 8, `${rounds} rounds`);
        if (scanned < pool) assert.ok(scanned <= Math.max(1.5 * needed, (1.25 * needed) / yieldShare) + 64);
      }),
    );
    assert.equal(planRound({ needed: 100, found: 90, scanned: 200, pool: 200 }), 0);
  });
});
