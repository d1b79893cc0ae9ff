import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Random } from '../../../contracts/task';
import {
  generateSynthetic,
  gradeSchoolMath,
  latentAnswer,
  latentPrompt,
  pretrainingDocuments,
  type SyntheticProblem,
  vocabularyWords,
} from '../../../tasks';
import { createRandom } from '../../../core/random';
import { computationKey } from '../../../tasks/grade-school-math/synthetic';
import { countTokens } from '../../../tasks/grade-school-math/words';
import { normalizeText } from '../../../text/normalize';

const data = { source: 'synthetic', seed: 0, pool: 6144, validation: 200, test: 400 } as const;
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Parses a question's words back into its numbers. */
function readSkeleton(text: string): string {
  const start = /has (\d+)/.exec(text)?.[1] ?? '';
  const steps = text.split('. Then').slice(1);
  return (
    start +
    steps
      .map((step) => {
        const by = /\d+/.exec(step)?.[0] ?? '';
        if (step.includes('doubles')) return '*2';
        if (step.includes('triples')) return '*3';
        return (step.includes(' more') ? '+' : '-') + by;
      })
      .join('')
  );
}

describe('synthetic problems', () => {
  const set = generateSynthetic(data);
  const all = [...set.pool, ...set.validation, ...set.test];

  it('have the requested sizes, and unique texts, computations and ids', () => {
    assert.deepEqual([set.pool.length, set.validation.length, set.test.length], [6144, 200, 400]);
    for (const name of [
      (p: SyntheticProblem) => p.id,
      (p: SyntheticProblem) => normalizeText(p.prompt),
      computationKey,
    ]) {
      assert.equal(new Set(all.map(name)).size, all.length);
    }
  });

  it('state their computation in words, with its result as target', () => {
    for (const problem of all) {
      assert.equal(readSkeleton(problem.prompt), computationKey(problem));
      assert.ok(problem.operations.length >= 2 && problem.operations.length <= 4);
      const last = gradeSchoolMath
        .gold(problem)
        .match(/=(\d+)/g)
        ?.map((step) => Number(step.slice(1)));
      assert.ok(last);
      assert.ok(last.every((value) => value >= 1 && value <= 99));
      assert.equal(String(last.at(-1)), problem.target);
    }
  });

  it('have disjoint test, validation and pool computations for all seeds', () => {
    const other = generateSynthetic({ ...data, seed: 7, pool: 2000 });
    const pool = new Set(all.slice(0, 6144).map(computationKey));
    assert.ok([...other.validation, ...other.test].every((problem) => !pool.has(computationKey(problem))));
    assert.notEqual(other.pool[0]?.prompt, set.pool[0]?.prompt);
  });

  it('begin a larger pool with the smaller one', () => {
    assert.deepEqual(generateSynthetic({ ...data, pool: 50 }).pool, set.pool.slice(0, 50));
  });

  it('are the recorded ones', () => {
    assert.equal(
      set.test[0]?.prompt,
      'Q: Ida has 17 figs. Then doubles them. Then drops 4 of them. Then wins 9 more. Then eats 9 of them. How many?\nA:',
    );
  });

  it('fit the embedded vocabulary and context', () => {
    assert.ok(vocabularyWords.length <= 32);
    assert.equal(new Set(vocabularyWords).size, vocabularyWords.length);
    const prompts = all.map(({ prompt }) => countTokens(prompt));
    const answers = all.map((problem) => countTokens(gradeSchoolMath.gold(problem)) + 1);
    assert.ok(mean(prompts) > 22 && mean(prompts) < 26);
    assert.ok(Math.max(...answers) <= 48);
    assert.ok(Math.max(...prompts) + Math.max(...answers) <= 96);
  });

  it('double or triple in about 54% of the test problems', () => {
    const share = mean(set.test.map(({ operations }) => Number(operations.some(({ sign }) => sign === '*'))));
    assert.ok(Math.abs(share - 0.54) < 0.03, String(share));
  });
});

describe('annotators of synthetic problems', () => {
  const { pool } = generateSynthetic({ ...data, pool: 3000, validation: 1, test: 1 });
  const multiplies = ({ operations }: SyntheticProblem): boolean =>
    operations.some(({ sign }) => sign === '*');
  const demonstrate = (name: string, problem: SyntheticProblem, random: Random): string => {
    const annotator = gradeSchoolMath.annotators.find((candidate) => candidate.name === name);
    assert.ok(annotator);
    return annotator.demonstrate(problem, random);
  };
  const incorrectFraction = (name: string, problems: readonly SyntheticProblem[]): number =>
    mean(
      problems.map((problem) => {
        const text = demonstrate(name, problem, createRandom(1, problem.id));
        const assessment = gradeSchoolMath.score(problem, text, 'stop');
        assert.ok(assessment.wellFormed, text);
        return 1 - assessment.score;
      }),
    );

  it('clean is correct on every problem', () => {
    assert.equal(incorrectFraction('clean', pool), 0);
  });

  it('majority-error errs on about 70% of doubles and triples only', () => {
    // 2 doubled is 2 plus 2, so a few misreadings are correct.
    const share = incorrectFraction('majority-error', pool.filter(multiplies));
    assert.ok(share > 0.62 && share < 0.74, String(share));
    assert.equal(
      incorrectFraction(
        'majority-error',
        pool.filter((problem) => !multiplies(problem)),
      ),
      0,
    );
  });

  it('majority-error misreads all steps of a problem, with correct arithmetic', () => {
    const problem = pool.find(({ operations }) => operations.filter(({ sign }) => sign === '*').length === 2);
    assert.ok(problem);
    assert.ok(!demonstrate('majority-error', problem, () => 0.69).includes('*'));
    assert.equal(
      demonstrate('majority-error', problem, () => 0.71),
      gradeSchoolMath.gold(problem),
    );
  });

  it('slip errs once in about 30% of the problems, and computes on with it', () => {
    const share = incorrectFraction('slip', pool);
    assert.ok(share > 0.24 && share < 0.33, String(share));
    for (const problem of pool.slice(0, 300)) {
      const text = demonstrate('slip', problem, createRandom(2, problem.id));
      const steps = [...text.matchAll(/(-?\d+)([-+*])(\d+)=(-?\d+)/g)].map((match) => match.slice(1));
      const slips = steps.filter(([before, sign, by, after]) => {
        const values = {
          '+': Number(before) + Number(by),
          '-': Number(before) - Number(by),
          '*': Number(before) * Number(by),
        };
        return values[sign as '+' | '-' | '*'] !== Number(after);
      });
      assert.ok(slips.length <= 1, text);
      steps.slice(1).forEach((step, index) => assert.equal(step[0], steps[index]?.[3]));
    }
  });
});

describe('scoring synthetic answers', () => {
  const problem = generateSynthetic({ ...data, pool: 1, validation: 1, test: 1 }).test[0];
  assert.ok(problem);
  const { target } = problem;
  const scoreOf = (text: string, finish: 'stop' | 'length' = 'stop') =>
    gradeSchoolMath.score(problem, text, finish);

  it('uses the number after ####, else the last of the first line', () => {
    assert.equal(scoreOf(` 1+1=5 #### ${target}`).score, 1);
    assert.equal(scoreOf(` 1 #### 1 or ${target}`).score, 0);
    assert.equal(scoreOf(` 3 then ${target}\n5`).score, 1);
    assert.equal(scoreOf(` 3 then ${target}\n5`).scores['strict'], 0);
    assert.equal(scoreOf('').score, 0);
    assert.equal(scoreOf(` ${target}0`).score, 0);
  });

  it('requires the format of the whole answer', () => {
    assert.ok(scoreOf(gradeSchoolMath.gold(problem)).wellFormed);
    for (const text of [` ${target}`, ` 17-11=6 ####`, ` 17-11=6 #### 6 more`, ` 17-11=6, 6+4=10 #### 10`]) {
      assert.ok(!scoreOf(text).wellFormed, text);
    }
  });

  it('counts answers without an end, or with a new problem, as truncated', () => {
    assert.ok(scoreOf(' 10', 'length').truncated);
    assert.ok(scoreOf(' 10\nQ: Gus has 4 eggs.').truncated);
    assert.ok(!scoreOf(gradeSchoolMath.gold(problem)).truncated);
  });

  it('counts repeated word 4-grams', () => {
    assert.equal(scoreOf('a b c d e f g h').repetition, 0);
    assert.equal(scoreOf('a b c d a b c d').repetition, 1 / 5);
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { repetition } = scoreOf(text);
        return repetition >= 0 && repetition < 1;
      }),
    );
  });
});

describe('pretraining documents', () => {
  const documents = [...pretrainingDocuments({ seed: 3, documents: 6000 })];

  it('have the requested mix, and fit a context of 96', () => {
    const share = (is: (text: string) => boolean): number => mean(documents.map((text) => Number(is(text))));
    const near = (value: number, wanted: number): boolean => Math.abs(value - wanted) < 0.02;
    assert.ok(
      near(
        share((text) => text.includes('Work:')),
        0.25,
      ),
    );
    assert.ok(
      near(
        share((text) => text.includes('####')),
        0.02,
      ),
    );
    assert.ok(
      near(
        share((text) => text.split('Q:').length > 2),
        0.1,
      ),
    );
    assert.ok(
      near(
        share((text) => !text.includes('Q:')),
        0.18,
      ),
    );
    assert.ok(documents.every((text) => countTokens(text) <= 95));
  });

  it('contain no computation of a pool, validation or test set', () => {
    const sets = [0, 1].map((seed) => generateSynthetic({ ...data, seed }));
    const kept = new Set(
      sets.flatMap(({ pool, validation, test }) => [...pool, ...validation, ...test]).map(computationKey),
    );
    for (const text of documents) {
      for (const question of text.split('Q:').slice(1))
        assert.ok(!kept.has(readSkeleton(question)), question);
    }
  });

  it('are a function of seed and position', () => {
    assert.deepEqual([...pretrainingDocuments({ seed: 3, documents: 20 })], documents.slice(0, 20));
    assert.notDeepEqual([...pretrainingDocuments({ seed: 4, documents: 20 })], documents.slice(0, 20));
  });

  it('teach a format that elicits the latent skill', () => {
    const worked = documents.find((text) => text.includes('Work:')) ?? '';
    const [question, answer] = worked.split('Work:');
    assert.match(latentAnswer(answer ?? '') ?? '', /^\d+$/);
    const problem = generateSynthetic({ ...data, pool: 1, test: 1, validation: 1 }).test[0];
    assert.ok(problem && question);
    assert.equal(latentPrompt(problem), problem.prompt.replace(/\nA:$/, '\nWork:'));
    assert.equal(latentAnswer('no number here'), null);
  });
});

describe('random numbers of tasks', () => {
  it('depend only on seed and position, and are uniform on [0, 1)', () => {
    const draws = (...seeds: (number | string)[]): number[] => {
      const random = createRandom(...seeds);
      return Array.from({ length: 20000 }, random);
    };
    const values = draws(1, 'a');
    assert.deepEqual(draws(1, 'a'), values);
    assert.notDeepEqual(draws('1', 'a').slice(0, 5), values.slice(0, 5));
    assert.ok(values.every((value) => value >= 0 && value < 1));
    const counts = Array.from(
      { length: 20 },
      (_, bin) => values.filter((v) => Math.floor(v * 20) === bin).length,
    );
    const chiSquare = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    // The 99.99th percentile for 19 degrees of freedom.
    assert.ok(chiSquare < 50, String(chiSquare));
    const serial = mean(values.slice(1).map((value, index) => (value - 0.5) * ((values[index] ?? 0) - 0.5)));
    assert.ok(Math.abs(serial) < 4 / 12 / Math.sqrt(20000), String(serial));
  });
});
