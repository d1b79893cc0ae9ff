import { strict as assert } from 'node:assert';
import * as fc from 'fast-check';
import { makePair } from '../../../activities/synthesize-data/pair';
import { bestOf, type Scored, scoreSample, withoutEmpty } from '../../../activities/synthesize-data/scored';
import { BudgetlineError } from '../../../core/failures';
import type { Task } from '../../../contracts/task';
import { pairDefaults } from '../../../core/pair-settings';
import type { GenerationRow, PreferenceRow } from '../../../schemas/rows';
import type { PairsSpec } from '../../../stages';
import { coinTask } from '../../support/coin-task';

const problem = { id: 'p', prompt: 'Q', target: '7' };
const settings = { ...pairDefaults, candidates: 4, temperature: 1, maxNewTokens: 8 };

const sample = (completion: string, index: number): GenerationRow => ({
  id: 'p',
  sample: index,
  completion,
  tokens: completion.length,
  finish: 'stop',
});

const scoreAll = (task: Task, samples: readonly GenerationRow[]): Scored[] =>
  withoutEmpty(samples.map((each) => scoreSample(task, problem, each)));

function pairOf(completions: readonly string[], change: Partial<PairsSpec['pairs']> = {}, task = coinTask) {
  return makePair(task, problem, scoreAll(task, completions.map(sample)), { ...settings, ...change });
}

/** A grader with a score for each answer. */
const gradedBy = (scoreOf: (completion: string) => number): Task => ({
  ...coinTask,
  score: (_, completion) => ({ ...coinTask.score(problem, '', 'stop'), score: scoreOf(completion) }),
});

/** Answers "0.9 a", "0.4 b": the number is the score. */
const graded = gradedBy((completion) => Number.parseFloat(completion));

/** The rule for graders of 0 and 1 alone: the first correct sample or the gold answer, and the first incorrect one. */
function binaryPair(
  task: Task,
  samples: readonly GenerationRow[],
  chosen: string,
): PreferenceRow | undefined {
  const isCorrect = ({ completion }: GenerationRow): boolean =>
    task.score(problem, completion, 'stop').score === 1;
  const filled = samples.filter(({ completion }) => completion !== '');
  const best = chosen === 'gold' ? task.gold(problem) : filled.find(isCorrect)?.completion;
  const worst = filled.find((each) => !isCorrect(each))?.completion;
  return best === undefined || worst === undefined
    ? undefined
    : { id: 'p', prompt: 'Q', chosen: best, rejected: worst };
}

describe('pairs by scores', () => {
  it('choose the first of the best samples and reject the first of the worst', () => {
    const outcome = pairOf(['0.4 a', '0.9 b', '0.1 c', '0.9 d', '0.1 e'], {}, graded);
    assert.deepEqual(outcome, { row: { id: 'p', prompt: 'Q', chosen: '0.9 b', rejected: '0.1 c' } });
  });

  it('need a best score that reaches the threshold, and a margin', () => {
    assert.deepEqual(pairOf(['0.4 a', '0.1 b'], {}, graded), { skipped: 'below-threshold' });
    assert.ok('row' in pairOf(['0.4 a', '0.1 b'], { threshold: 0.4 }, graded));
    assert.deepEqual(pairOf(['0.9 a', '0.85 b'], {}, graded), { skipped: 'below-margin' });
    assert.ok('row' in pairOf(['0.9 a', '0.8 b'], {}, graded), 'a margin of exactly 0.1');
    assert.deepEqual(pairOf(['0.9 a', '0.9 b'], { minMargin: 1e-6 }, graded), { skipped: 'below-margin' });
  });

  it('compare the gold answer by its own score, so an answer as good is never rejected', () => {
    const gold = (score: number): Task =>
      gradedBy((completion) => (completion === ' 7' ? score : Number.parseFloat(completion)));
    assert.deepEqual(pairOf(['0.8 a', '0.2 b'], { chosen: 'gold' }, gold(0.9)), {
      row: { id: 'p', prompt: 'Q', chosen: ' 7', rejected: '0.2 b' },
    });
    assert.deepEqual(pairOf(['0.9 a'], { chosen: 'gold' }, gold(0.9)), { skipped: 'below-margin' });
    assert.deepEqual(pairOf(['0.2 a'], { chosen: 'gold' }, gold(0.4)), { skipped: 'below-threshold' });
  });

  it('are none for a problem without a gold answer', () => {
    const missing: Task = {
      ...graded,
      gold: () => {
        throw new BudgetlineError('DATA_INVALID', 'It has no reference answer.');
      },
    };
    assert.deepEqual(pairOf(['0.9 a', '0.1 b'], { chosen: 'gold' }, missing), { skipped: 'no-reference' });
    assert.ok('row' in pairOf(['0.9 a', '0.1 b'], {}, missing), 'the best sample needs none');
    const broken: Task = { ...graded, gold: () => assert.fail('a fault of the task') };
    assert.throws(() => pairOf(['0.9 a'], { chosen: 'gold' }, broken), /a fault of the task/);
  });

  it('score the gold answer of a problem once', () => {
    let calls = 0;
    const task = gradedBy((completion) => {
      if (completion === ' 7') calls += 1;
      return completion === ' 7' ? 1 : 0;
    });
    for (let time = 0; time < 3; time++) pairOf(['x'], { chosen: 'gold' }, task);
    assert.equal(calls, 1);
  });

  it('have two texts: a sample with the text of the gold answer may be cut off', () => {
    const cut: Task = {
      ...gradedBy(() => 0),
      score: (_, text, finish) => ({
        ...coinTask.score(problem, '', 'stop'),
        score: finish === 'stop' ? 1 : 0,
      }),
      gold: () => '7',
    };
    const samples = [{ ...sample('7', 0), finish: 'length' as const }];
    const made = makePair(cut, problem, scoreAll(cut, samples), { ...settings, chosen: 'gold' });
    assert.deepEqual(made, { skipped: 'below-margin' });
  });

  it('have no empty answer', () => {
    assert.deepEqual(pairOf(['', 'odd']), { skipped: 'below-threshold' });
    assert.deepEqual(pairOf(['', 'even']), { skipped: 'below-margin' });
    assert.deepEqual(pairOf(['', ''], { chosen: 'gold' }), { skipped: 'all-empty' });
    assert.deepEqual(pairOf(['', 'odd', 'even']), {
      row: { id: 'p', prompt: 'Q', chosen: 'even', rejected: 'odd' },
    });
  });

  it('are those of the first correct and the first incorrect sample for graders of 0 and 1', () => {
    const drawn = fc.record({
      completions: fc.array(fc.constantFrom('', 'a', 'bb', 'ccc', 'dddd', 'e'), {
        minLength: 1,
        maxLength: 6,
      }),
      correct: fc.uniqueArray(fc.constantFrom<string>('a', 'bb', 'ccc', 'dddd', 'e')),
      chosen: fc.constantFrom('best-sample' as const, 'gold' as const),
      threshold: fc.double({ min: 0.001, max: 1, noNaN: true }),
      minMargin: fc.double({ min: 0.001, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(drawn, ({ completions, correct, ...change }) => {
        const task = gradedBy((answer) => (answer === ' 7' || correct.includes(answer) ? 1 : 0));
        const outcome = pairOf(completions, change, task);
        const row = 'row' in outcome ? outcome.row : undefined;
        assert.deepEqual(row, binaryPair(task, completions.map(sample), change.chosen));
      }),
      { numRuns: 500 },
    );
  });

  it('have chosen and rejected at least the margin apart, at the same scores in any order of the samples', () => {
    const drawn = fc.record({
      scores: fc.uniqueArray(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 6 }),
      threshold: fc.double({ min: 0, max: 1, noNaN: true }),
      minMargin: fc.double({ min: 0.001, max: 1, noNaN: true }),
    });
    const scoreIn = (text: string): number => Number(text.slice(1));
    const byText = gradedBy(scoreIn);
    fc.assert(
      fc.property(drawn, ({ scores, ...change }) => {
        const texts = scores.map((score) => `=${score}`);
        const outcome = pairOf(texts, change, byText);
        assert.deepEqual(pairOf([...texts].reverse(), change, byText), outcome);
        const [best, worst] = [Math.max(...scores), Math.min(...scores)];
        assert.equal('row' in outcome, best >= change.threshold && best - worst >= change.minMargin - 1e-9);
        if (!('row' in outcome)) return;
        assert.deepEqual([scoreIn(outcome.row.chosen), scoreIn(outcome.row.rejected)], [best, worst]);
      }),
      { numRuns: 300 },
    );
  });

  it('refuse a score that is not from 0 to 1, with task, problem and value', () => {
    for (const score of [NaN, Infinity, undefined as unknown as number])
      assert.throws(
        () =>
          pairOf(
            ['a'],
            {},
            gradedBy(() => score),
          ),
        {
          code: 'TASK_FAULTY',
          message: new RegExp(
            `^The verifier of task coin returns the score ${score} for the answer "a" to p\\. `,
          ),
        },
      );
  });
});

describe('the best sample of a prompt', () => {
  it('is the first of those with the highest score, and never empty', () => {
    const best = (...completions: string[]): string | undefined =>
      bestOf(scoreAll(graded, completions.map(sample)))?.completion;
    assert.equal(best('0.2 a', '0.7 b', '0.7 c'), '0.7 b');
    const allBest = gradedBy(() => 1);
    assert.equal(bestOf(scoreAll(allBest, ['', 'x'].map(sample)))?.completion, 'x');
    assert.equal(bestOf([]), undefined);
  });
});
