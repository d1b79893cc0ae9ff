import { strict as assert } from 'node:assert';
import { assess, goldScoreOf } from '../../../contracts/scores';
import type { Problem, Task } from '../../../contracts/task';
import { wrongGrades } from '../../support/cases/grades';
import { coinTask } from '../../support/coin-task';

const problem: Problem = { id: 'p-1', place: 'test.jsonl:3', prompt: 'Q', target: 'x' };

const scoring = (score: () => number): Task => ({
  ...coinTask,
  score: (...answer) => ({ ...coinTask.score(...answer), score: score() }),
});

describe('scores of answers', () => {
  it('are from 0 to 1, and unchanged', () => {
    for (const score of [0, 0.4, 1]) {
      const task = scoring(() => score);
      assert.equal(assess(task, { problem, completion: 'x' }).score, score);
      assert.equal(goldScoreOf(task, problem), score);
    }
  });

  it('are refused with task, item and value where they are none', () => {
    for (let seed = 0; seed < 3; seed += 1)
      for (const { result, reported } of wrongGrades(seed)) {
        const task: Task = { ...coinTask, score: () => result as never };
        for (const ask of [
          () => assess(task, { problem, completion: 'x' }),
          () => goldScoreOf(task, problem),
        ])
          assert.throws(ask, (error: Error & { code?: unknown; details?: unknown }) => {
            assert.equal(error.code, 'TASK_FAULTY');
            assert.match(error.message, reported);
            assert.match(
              error.message,
              /^The verifier of task coin returns .* for the answer " ?x" to p-1 \(test\.jsonl:3\)\. /,
            );
            assert.deepEqual(error.details, { task: 'coin', item: 'p-1' });
            return true;
          });
      }
  });

  it('of gold answers are computed once', () => {
    let calls = 0;
    const task = scoring(() => (calls += 1));
    assert.deepEqual([goldScoreOf(task, problem), goldScoreOf(task, problem), calls], [1, 1, 1]);
  });
});
