import { strict as assert } from 'node:assert';
import { goldScoreOf, scoreOf } from '../../../contracts/scores';
import type { Problem, Task } from '../../../contracts/task';
import { coinTask } from '../../support/coin-task';

const problem: Problem = { id: 'p-1', prompt: 'Q', target: 'x' };

const scoring = (score: () => number): Task => ({
  ...coinTask,
  score: (...answer) => ({ ...coinTask.score(...answer), score: score() }),
});

describe('scores that decide about rows', () => {
  it('are finite numbers, or refused with task, problem and value', () => {
    assert.equal(
      scoreOf(
        scoring(() => 0.4),
        problem,
        'x',
      ),
      0.4,
    );
    for (const value of [NaN, Infinity])
      assert.throws(
        () =>
          goldScoreOf(
            scoring(() => value),
            problem,
          ),
        {
          code: 'DATA_INVALID',
          message: new RegExp(`${coinTask.name} .* p-1 .* ${value}`),
        },
      );
  });

  it('of gold answers are computed once', () => {
    let calls = 0;
    const task = scoring(() => (calls += 1));
    assert.deepEqual([goldScoreOf(task, problem), goldScoreOf(task, problem), calls], [1, 1, 1]);
  });
});
