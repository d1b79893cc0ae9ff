import { strict as assert } from 'node:assert';
import { assess, comparisonOf, referenceAnswer, referenceScore } from '../../../activities/task-calls';
import type { Problem, Task } from '../../../contracts/task';
import { BudgetlineError } from '../../../core/failures';
import { wrongGrades } from '../../support/cases/grades';
import { coinTask } from '../../support/coin-task';

const problem: Problem = { id: 'p-1', place: 'test.jsonl:3', prompt: 'Q', target: 'x' };

const scoring = (score: () => number): Task => ({
  ...coinTask,
  score: (...answer) => ({ ...coinTask.score(...answer), score: score() }),
});

describe('calls of a task’s functions', () => {
  it('return scores from 0 to 1, unchanged', () => {
    for (const score of [0, 0.4, 1]) {
      const task = scoring(() => score);
      assert.equal(assess(task, { problem, completion: 'x' }).score, score);
      assert.equal(referenceScore(task, problem, 'x'), score);
    }
  });

  it('are refused with task, item and value where they return no score', () => {
    for (let seed = 0; seed < 3; seed += 1)
      for (const { result, reported } of wrongGrades(seed)) {
        const task: Task = { ...coinTask, score: () => result as never };
        for (const ask of [
          () => assess(task, { problem, completion: 'x' }),
          () => referenceScore(task, problem, 'x'),
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

  it('name task, item and the user’s line where a function of the task fails', () => {
    const fail = (): never => {
      throw new RangeError('no such number');
    };
    const task: Task = { ...coinTask, score: fail, gold: fail, comparison: fail };
    const calls: readonly (readonly [string, () => unknown])[] = [
      [
        'The verifier of task coin fails on the answer "x" to p-1',
        () => assess(task, { problem, completion: 'x' }),
      ],
      ['"gold" of task coin fails on p-1', () => referenceAnswer(task, problem)],
      ['"comparison" of task coin fails on p-1', () => comparisonOf(task, problem, 'x')],
    ];
    for (const [message, call] of calls)
      assert.throws(call, (error: BudgetlineError) => {
        assert.equal(error.code, 'TASK_FAULTY');
        assert.ok(
          error.message.startsWith(`${message} (test.jsonl:3): RangeError: no such number`),
          error.message,
        );
        assert.deepEqual(error.details, { task: 'coin', item: 'p-1' });
        return true;
      });
  });

  it('keep the code of an error that has one; a problem may have no reference answer', () => {
    const fail = (): never => {
      throw new BudgetlineError('DATA_INVALID', 'No answer.');
    };
    const task: Task = { ...coinTask, score: fail, gold: fail };
    assert.throws(() => assess(task, { problem, completion: 'x' }), { code: 'DATA_INVALID' });
    assert.equal(referenceAnswer(task, problem), '');
  });

  it('score a reference answer once', () => {
    let calls = 0;
    const task = scoring(() => (calls += 1));
    assert.deepEqual(
      [referenceScore(task, problem, 'x'), referenceScore(task, problem, 'x'), calls],
      [1, 1, 1],
    );
  });
});
