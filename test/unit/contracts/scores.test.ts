import { strict as assert } from 'node:assert';
import { goldShortfall } from '../../../contracts/scores';
import type { Problem, Task } from '../../../contracts/task';
import { coinTask } from '../../support/coin-task';

const pool: Problem[] = Array.from({ length: 80 }, (_, at) => ({
  id: `p-${at}`,
  prompt: 'Q',
  target: String(at),
}));

/** A task whose gold answers score by their place in the pool. */
const scoring = (score: (at: number) => number): Task => ({
  ...coinTask,
  score: (problem, completion) => ({
    ...coinTask.score(problem, completion, 'stop'),
    score: score(Number(problem.target)),
  }),
});

describe('gold answers below the threshold', () => {
  const gold = { chosen: 'gold', threshold: 0.5 } as const;

  it('are found if none of the first 50 reaches it, with the best score', () => {
    const low = scoring((at) => (at === 49 ? 0.45 : 0.1));
    assert.deepEqual(goldShortfall(low, pool, gold), { answers: 50, best: 0.45 });
    assert.deepEqual(goldShortfall(low, pool.slice(0, 3), gold), { answers: 3, best: 0.1 });
  });

  it('are none if one reaches it, if no gold answer is chosen, or if there is no problem', () => {
    assert.equal(
      goldShortfall(
        scoring((at) => (at === 49 ? 0.5 : 0)),
        pool,
        gold,
      ),
      undefined,
    );
    const low = scoring(() => 0);
    assert.equal(goldShortfall(low, pool, { ...gold, threshold: 0 }), undefined);
    assert.equal(goldShortfall(low, pool, { ...gold, chosen: 'best-sample' }), undefined);
    assert.equal(goldShortfall(low, [], gold), undefined);
  });

  it('with a score that is not a number are refused', () => {
    assert.throws(
      () =>
        goldShortfall(
          scoring(() => NaN),
          pool,
          gold,
        ),
      { code: 'DATA_INVALID' },
    );
  });
});
