import { strict as assert } from 'node:assert';
import { estimateTimeLeft } from '../../../../app/run/time-left';
import { planGrid } from '../../../../planning';
import { resolveSweep } from '../../../support/planning/resolve';

describe('the time left', () => {
  it('estimates less time as stages finish, but never less than a running stage reports', async () => {
    const plan = await planGrid(resolveSweep());
    const keys = plan.stages.map(({ stage }) => stage.key);
    const options = { plan, cached: new Set<string>(), elapsedMs: 60_000, slots: 2, runningSeconds: 0 };
    const left = [0, 0.5, 0.9].map((share) =>
      estimateTimeLeft({ ...options, finished: new Set(keys.slice(0, share * keys.length)) }),
    );
    assert.ok(left.every((seconds) => seconds !== null && seconds > 0));
    assert.ok((left[1] ?? 0) > (left[2] ?? 0));
    assert.equal(estimateTimeLeft({ ...options, finished: new Set(keys) }), null);
    const finished = new Set(keys.slice(1));
    assert.equal(estimateTimeLeft({ ...options, finished, elapsedMs: 1, runningSeconds: 42 }), 42);
  });
});
