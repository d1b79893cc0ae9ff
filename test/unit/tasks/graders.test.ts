import assert from 'node:assert/strict';
import type { Finish, Problem, ProblemSet, Task } from '../../../contracts/task';
import {
  codeGeneration,
  gradeSchoolMath,
  helpfulness,
  logicPuzzles,
  scoreVerdicts,
  summarization,
} from '../../../tasks';
import { rowsContext } from '../../support/records';

const files = {
  source: 'files',
  train: 'train',
  test: 'test',
  validation: 0,
  stripCalculationAnnotations: true,
} as const;
const synthetic = { source: 'synthetic', seed: 0, pool: 1, validation: 0, test: 1 } as const;

/** The one test item of a file of one row. */
async function itemOf<P extends Problem>(task: Task<P>, row: object, train: object): Promise<P> {
  const set: ProblemSet<P> = await task.load(files, rowsContext({ train: [train], test: [row] }));
  return set.test[0]!;
}

const grade =
  <P extends Problem>(task: Task<P>, problem: P) =>
  (answer: string, finish: Finish = 'stop') =>
    task.score(problem, answer, finish);

describe('the final answer of a math problem', () => {
  const question = (text: string, answer: string) => ({ question: text, answer: `So.\n#### ${answer}` });
  const other = question('How old is Ida?', '3');

  /** Answers after "#### " that equal the target, and answers that do not. */
  const readings: [target: string, correct: string[], incorrect: string[]][] = [
    [
      '8',
      [
        ...['8', '8.', '$8.00', '8.0', '16/2', ' 8', '+8', '8 eggs', '**8**', '08', '8%', '\n8'],
        ...['The answer is 8', 'Answer: **8**', 'x = 8', '£8', '\\boxed{8}', 'about $8'],
      ],
      [
        ...['8.5', '8,000', '8/2', '8e2', '-8', '$-8', '80', '8x', '8:30'],
        ...['8 + 1', '8 = 3', '8 9', '8 / 2', 'x+8', 'x * 8', 'about 8.5', '7 or 8', 'none\n8'],
      ],
    ],
    ['8000', ['8,000', '8000', '8e3', '8,000.00'], ['8', '8,00', '8,0000', '8,000,000', '8.000']],
    ['-8', ['-8', '−8', '-$8', '$-8.00'], ['8', '--8', '-8.5']],
    ['4', ['8/2', '4'], ['8/4', '1/4']],
  ];

  for (const [target, correct, incorrect] of readings)
    it(`${target}: as a marked number and as the last one`, async () => {
      const [generated] = (await gradeSchoolMath.load(synthetic, rowsContext({}))).test;
      const fromFile = await itemOf(gradeSchoolMath, question('How many eggs?', target), other);
      for (const problem of [{ ...generated!, target }, fromFile]) {
        const score = (answer: string): number => gradeSchoolMath.score(problem, answer, 'stop').score;
        for (const answer of correct) {
          assert.equal(score(` 1+1=2 #### ${answer}`), 1, `#### ${answer} of ${problem.source}`);
        }
        for (const answer of incorrect) {
          assert.equal(score(` 1+1=2 #### ${answer}`), 0, `#### ${answer} of ${problem.source}`);
        }
        for (const answer of correct.filter((each) => /^[$\d][\d.,e/]*$/.test(each)))
          assert.equal(score(` it is ${answer}`), 1, `it is ${answer}`);
        for (const answer of incorrect.filter((each) => /^\d[\d.,e/]*$/.test(each)))
          assert.equal(score(` it is ${answer}`), 0, `it is ${answer}`);
      }
    });

  it('ends before a further question, for synthetic problems and files', async () => {
    const [generated] = (await gradeSchoolMath.load(synthetic, rowsContext({}))).test;
    const fromFile = await itemOf(gradeSchoolMath, question('How many eggs?', '8'), other);
    for (const problem of [{ ...generated!, target: '8' }, fromFile]) {
      const scoreOf = grade(gradeSchoolMath, problem as never);
      for (const next of [
        '\nQ: Ida has 3 eggs.\nA: 3+2=5 #### 99',
        '\n\nQuestion: How many?\nAnswer:\n#### 99',
      ])
        assert.deepEqual([scoreOf(` 8${next}`).score, scoreOf(` 8${next}`).truncated], [1, true], next);
      const later = scoreOf(' 1\nQ: x\nA: 4+4=8 #### 8');
      assert.deepEqual([later.score, later.scores['strict'], later.scores['steps']], [0, 0, 0]);
    }
  });
});

describe('completions that continue with another question', () => {
  it('logic puzzles: the name after a further puzzle is not the answer', async () => {
    const row = {
      people: ['Gus', 'Ida', 'Max'],
      facts: [
        [0, 1],
        [1, 2],
      ],
      asked: 'oldest',
    };
    const train = { people: ['Leo', 'Zoe'], facts: [[0, 1]], asked: 'oldest' };
    const scoreOf = grade(logicPuzzles, await itemOf(logicPuzzles, row, train));
    const chain = ' Gus > Ida > Max';
    for (const next of ['\nMax > Leo. Who is oldest?\nA: Max #### Max', '\nWho is oldest? A: Max #### Max'])
      for (const answer of [`${chain} #### Gus`, ' Gus'])
        assert.equal(scoreOf(answer + next).score, 1, answer + next);
    assert.equal(scoreOf(' Ida\nWho is oldest?\nA: Gus > Ida #### Gus').score, 0);
    for (const [answer, score] of [
      ['#### Gus.', 1],
      ['#### Gus is the oldest', 1],
      ['#### Gus or Ida', 0],
      ['#### Gustav', 0],
      ['#### Ida\nGus', 0],
    ] as const)
      assert.equal(scoreOf(`${chain} ${answer}`).score, score, answer);
  });

  it('helpfulness and summarization: the judged answer ends before a further question', async () => {
    const helped = grade(
      helpfulness,
      await itemOf(
        helpfulness,
        { request: 'How do I mend hats in a shed?', reference: ' mend hats.', response: ' 1. Go.' },
        { request: 'How do I wash a cup?', reference: ' wash.', response: ' 1. Go.' },
      ),
    );
    const filler = '\nHow do I mend hats in a shed?\nA: 1. Get the shed. 2. mend the hats. 3. Check.';
    assert.equal(helped(' no').score, 0);
    assert.deepEqual(helped(` no${filler}`).scores, helped(' no').scores);
    assert.deepEqual(helped(`\nA: 1. mend hats.${filler}`).scores['characters'], '\nA: 1. mend hats.'.length);

    const document = 'Gus buys eggs. Ida sells hats in the old town.';
    const summed = grade(
      summarization,
      await itemOf(
        summarization,
        { document, summary: ' Ida sells hats, Gus buys.' },
        { document: 'Max finds pens. Max eats.', summary: ' pens.' },
      ),
    );
    const next = '\nMax eats figs.\nTL;DR: Ida sells hats.';
    assert.deepEqual(summed(` nuts${next}`).scores, summed(' nuts').scores);
    assert.equal(summed(` nuts${next}`).score, 0);
    const judged = [` Ida sells hats.`, ` Ida sells hats.${next}`].map((completion) => ({
      completion,
      score: 1,
      target: 'Gus buys eggs.',
    }));
    const [alone, running] = judged.map((item) => summarization.summarize?.([item as never]));
    assert.deepEqual(running, alone, 'length is that of what is judged');
    const shown = helpfulness.comparison!(
      { item: { request: 'r', reference: 's' } } as never,
      ` no${filler}`,
    );
    assert.equal(shown.answer, ' no', 'other judges see the same');
    assert.equal(scoreVerdicts('[[A]]', '[[B]]').win, 1);
  });

  it('code generation: a program is one line', async () => {
    const row = { request: 'f(x,y): add 1', tests: [{ x: 1, y: 0, output: 2 }], solution: 'x+1' };
    const train = { ...row, request: 'f(x,y): add 2', tests: [{ x: 1, y: 0, output: 3 }], solution: 'x+2' };
    const scoreOf = grade(codeGeneration, await itemOf(codeGeneration, row, train));
    assert.equal(scoreOf('x+1\nf(x,y): take x, add 2.\nA: x+2').score, 1);
    assert.equal(scoreOf('x+2\nf(x,y): take x, add 1.\nA: x+1').score, 0);
  });
});

describe('helpfulness', () => {
  it('counts a repeated step once, whatever its numbers', async () => {
    const { test } = await helpfulness.load(synthetic, rowsContext({}));
    const problem = test[0]!;
    const score = (answer: string): number => helpfulness.score(problem, answer, 'stop').score;
    const reference = { ...problem, item: { ...problem.item, reference: ' 1. a.' } };
    for (const repeated of [' 1. a. 2. a. 3. a.', ' 1. a. 1. a. 1. a.', ' 1. A! 2. a. 3.  .'])
      assert.equal(
        helpfulness.score(reference, repeated, 'stop').score,
        0.5,
        `${repeated} is worth one step`,
      );
    assert.equal(helpfulness.score(reference, ' 1. a. 2. b.', 'stop').score, 1);
    assert.equal(score(helpfulness.gold(problem)), 1);
  });
});
