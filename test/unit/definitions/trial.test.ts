import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { BudgetlineError, type FailureCode } from '../../../core/failures';
import { defineSweep, tryDefinition, type SweepInput, type TaskTrial } from '../../../definitions';
import { tryAnswers } from '../../../definitions/trial/answers';
import type { Problem, Task } from '../../../contracts/task';
import {
  codeGeneration,
  defineTask,
  gradeSchoolMath,
  gradeSchoolMathDefaults,
  syntheticDefaults,
  type TaskInput,
} from '../../../tasks';
import { builtInTasks } from '../../../workers';
import { wrongGrades } from '../../support/cases/grades';
import { temporaryFolder } from '../../support/temporary';

interface Sum {
  readonly a: number;
  readonly b: number;
}

const draw = (random: () => number): number => Math.floor(random() * 90);

/** Blocks the thread, as a slow function does. */
function sleepFor(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** A task whose parts a test replaces. */
const sums = (change: Partial<TaskInput<Sum>> = {}) =>
  defineTask<Sum>({
    name: 'sums',
    metric: 'accuracy',
    synthesize: (random) => ({ a: draw(random), b: draw(random) }),
    schema: z.object({ a: z.number(), b: z.number() }),
    prompt: ({ a, b }) => `${a}+${b}?\n`,
    target: ({ a, b }) => String(a + b),
    score: ({ a, b }, answer) => ({ score: Number(answer === String(a + b)) }),
    ...change,
  });

describe('the trial of a task', () => {
  const folder = temporaryFolder();
  const data = { source: 'synthetic', seed: 0, pool: 80, validation: 2, test: 8 } as const;
  const plan = (task: Task, change: Partial<SweepInput> = {}) =>
    tryDefinition(
      defineSweep({
        ...gradeSchoolMathDefaults,
        name: 'tried',
        annotator: 'clean',
        task: task.name,
        data,
        budgets: [4],
        sftFractions: [1],
        evaluation: { items: 2, maxNewTokens: 8 },
        ...change,
      }),
      { tasks: [task, ...builtInTasks], baseDir: folder.path() },
    );
  const trialOf = async (...input: Parameters<typeof plan>): Promise<TaskTrial> => {
    const { trials } = await plan(...input);
    assert.equal(trials.length, 1);
    return trials[0]!;
  };
  const refused =
    (words: RegExp, code: FailureCode = 'TASK_FAULTY') =>
    (error: unknown) => {
      assert.ok(error instanceof BudgetlineError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, words);
      return true;
    };
  const write = (name: string, rows: readonly object[]): string => {
    writeFileSync(folder.at(name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    return name;
  };

  it('scores reference answers and annotators on fifty items, and shows one of them', async () => {
    const off = {
      name: 'off',
      description: 'Adds 1 to every second answer.',
      demonstrate: ({ a, b }: Sum) => String(a + b + (a % 2)),
    };
    const { answers, example, threshold, warnings } = await trialOf(sums({ annotators: [off] }));
    assert.deepEqual(
      answers.map(({ annotator, items, full }) => [annotator, items, full === items]),
      [
        [null, 50, true],
        ['clean', 50, true],
        ['off', 50, false],
      ],
    );
    const [references, , wrong] = answers;
    assert.deepEqual([references?.mean, references?.lowest, references?.reaching], [1, 1, 50]);
    assert.deepEqual([wrong?.lowest, wrong?.mean], [0, (wrong?.full ?? 0) / 50]);
    assert.ok(wrong!.full > 0);
    const { min, median, max } = references!.characters;
    assert.ok(min >= 1 && min <= median && median <= max && max <= 3);
    assert.match(example!.item, /^pool-\d{5}$/);
    const [, a, b] = /^(\d+)\+(\d+)\?\n$/.exec(example!.prompt) ?? [];
    assert.deepEqual([example!.answer, example!.score], [String(Number(a) + Number(b)), 1]);
    assert.deepEqual([threshold, warnings], [0.5, []]);
  });

  it('names item, value and place where the verifier fails or returns no score', async () => {
    const fails = sums({
      score: ({ a }) => {
        if (a % 7 === 3) throw new RangeError('no such number');
        return { score: 1 };
      },
    });
    const failing =
      /^The verifier of task sums fails on the reference answer to pool-\d{5}, "\d+": RangeError: no such number \(.*trial\.test\.ts:\d+\)$/;
    await assert.rejects(plan(fails), refused(failing));
    for (const value of [NaN, 2, -1, Infinity])
      await assert.rejects(
        plan(sums({ score: () => ({ score: value }) })),
        refused(
          new RegExp(
            `^The verifier of task sums returns the score ${value} for the reference answer to pool-`,
          ),
        ),
      );
    const asynchronous = sums({ score: (() => Promise.resolve({ score: 1 })) as never });
    await assert.rejects(plan(asynchronous), refused(/returns a promise for .* It must return \{ score \}/));
  });

  it('reports each result that is no score, with task and item', async () => {
    for (const { result, reported } of wrongGrades(7))
      await assert.rejects(
        plan(sums({ score: () => result as never })),
        refused(
          new RegExp(`^The verifier of task sums ${reported.source} the reference answer to pool-\\d{5}, `),
        ),
      );
  });

  it('scores an empty answer too, which an untrained model may write', async () => {
    const strict = sums({ score: (_item, answer) => ({ score: Number(/\d/.exec(answer)![0] !== '') }) });
    await assert.rejects(
      plan(strict),
      refused(/fails on an empty answer to pool-\d{5}: TypeError: .*trial\.test/),
    );
  });

  it('refuses a task whose reference answers all score 0, and shows one', async () => {
    const never = sums({ score: () => ({ score: 0 }) });
    await assert.rejects(
      plan(never),
      refused(
        /^All 50 reference answers of task sums that were tried score 0 by its verifier\. pool-\d{5}: prompt "\d+\+\d+\?\\n", reference answer "\d+"\.$/,
      ),
    );
    const compared = sums({
      score: () => ({ score: 0 }),
      comparison: () => ({ prompt: '', answer: '', reference: '' }),
    });
    const { warnings } = await trialOf(compared);
    assert.match(warnings[0]!, /^50 of 50 tried reference answers of task sums score below 0\.5/);
  });

  it('warns where reference answers do not reach the threshold of pairs', async () => {
    const graded = sums({ score: ({ a }, answer) => ({ score: answer === '' ? 0 : a < 20 ? 0.4 : 0.9 }) });
    const trial = await trialOf(graded);
    const [references] = trial.answers;
    const low = 50 - references!.reaching;
    assert.ok(low > 3 && low < 50);
    assert.deepEqual([references!.full, references!.lowest], [0, 0.4]);
    assert.match(
      trial.warnings[0]!,
      new RegExp(
        `^${low} of 50 tried reference answers of task sums score below 0\\.5 \\(pairs\\.threshold\\), the lowest 0\\.4: pool-\\d{5}, pool-\\d{5}, pool-\\d{5} and ${low - 3} more\\.$`,
      ),
    );
  });

  it('refuses an annotator that fails if the definition uses it, and warns if not', async () => {
    const broken = {
      name: 'broken',
      description: 'Fails.',
      demonstrate: ({ a }: Sum) => {
        if (a % 5 === 0) throw new Error('out of ideas');
        return String(a);
      },
    };
    const silent = { name: 'silent', description: 'Returns nothing.', demonstrate: () => undefined as never };
    const task = sums({ annotators: [broken, silent] });
    const words =
      /Annotator broken of task sums fails on pool-\d{5}: Error: out of ideas \(.*trial\.test\.ts:\d+\)/;
    await assert.rejects(plan(task, { annotator: 'broken' }), refused(words));
    const returned =
      /Annotator silent of task sums fails on pool-\d{5}: it returned undefined instead of a text/;
    await assert.rejects(plan(task, { annotator: 'silent' }), refused(returned));
    const { answers, warnings } = await trialOf(task);
    assert.deepEqual(
      warnings.map((warning) => /^Annotator (\w+) fails on pool-/.exec(warning)?.[1]),
      ['broken', 'silent'],
    );
    assert.deepEqual(
      answers.map(({ annotator }) => annotator),
      [null, 'clean', 'broken'],
    );
  });

  it('warns of an annotator whose answers all score 0', async () => {
    const wrong = { name: 'wrong', description: 'Is wrong.', demonstrate: () => 'x' };
    const { warnings } = await trialOf(sums({ annotators: [wrong] }));
    assert.deepEqual(warnings, ['All 50 answers of annotator wrong score 0.']);
  });

  it('scores every reference answer of files, and refuses incorrect ones by file and line', async () => {
    const task = sums({
      score: ({ a, b }, answer) => ({ score: Number(answer === String(a + b) && a !== 66) }),
    });
    const rows = Array.from({ length: 70 }, (_, a) => ({ a, b: 1 }));
    const files = {
      source: 'files',
      train: write(
        'train.jsonl',
        rows.filter(({ a }) => a !== 66),
      ),
      test: write('test.jsonl', [
        { a: 90, b: 2 },
        { a: 91, b: 2 },
      ]),
    } as const;
    const { answers } = await trialOf(task, { data: files });
    assert.deepEqual(
      answers.map(({ annotator, items }) => [annotator, items]),
      [
        [null, 71],
        ['clean', 50],
      ],
    );
    const incorrect = { ...files, train: write('wrong.jsonl', rows) };
    await assert.rejects(
      plan(task, { data: incorrect }),
      refused(
        /^1 row cannot be used:\n.*wrong\.jsonl:67: the reference answer scores 0 by the verifier of sums$/,
        'DATA_INVALID',
      ),
    );
  });

  it('refuses incorrect reference answers of built-in tasks', async () => {
    const solved = (x: number, output: number, solution: string) => ({
      request: `f(x,y): take x, add ${x}.`,
      tests: [{ x: 1, output }],
      solution,
    });
    const train = [
      solved(1, 2, 'x+1'),
      solved(2, 2, 'x+2'),
      solved(3, 4, 'x+3'),
      solved(4, 5, 'x+4'),
      solved(5, 6, 'x+5'),
    ];
    const programs = {
      source: 'files',
      validation: 0,
      train: write('programs.jsonl', train),
      test: write('programs-test.jsonl', [solved(7, 8, 'x+7'), solved(8, 9, 'x+8')]),
    } as const;
    await assert.rejects(
      plan(codeGeneration, { data: programs }),
      refused(
        /programs\.jsonl:2: the reference answer scores 0 by the verifier of code-generation/,
        'DATA_INVALID',
      ),
    );
    const answer = 'He asks. Question: how many?\n#### 2';
    const worked = [1, 2, 3, 4].map((n) => ({ question: `What is ${n}?`, answer: `It is.\n#### ${n}` }));
    const math = {
      source: 'files',
      validation: 0,
      train: write('math.jsonl', [...worked, { question: 'B?', answer }]),
      test: write('math-test.jsonl', [
        { question: 'C?', answer: '#### 1' },
        { question: 'D?', answer: '#### 1' },
      ]),
    } as const;
    await assert.rejects(
      plan(gradeSchoolMath, { data: math }),
      refused(
        /math\.jsonl:5: the reference answer scores 0 by the verifier of grade-school-math/,
        'DATA_INVALID',
      ),
    );
  });

  it('counts rows without a reference answer', async () => {
    const some = sums({ gold: ({ a, b }) => (a % 2 === 0 ? String(a + b) : undefined) });
    const { answers, warnings } = await trialOf(some);
    const [references] = answers;
    assert.ok(references!.without > 0);
    assert.equal(references!.items + references!.without, 50);
    assert.match(
      warnings[0]!,
      /^\d+ of 50 tried items of task sums have no reference answer, first pool-\d{5};/,
    );
    assert.match(
      warnings[1]!,
      /^Annotator clean has no answer to \d+ of 50 items\. pool-\d{5}: The row of sums/,
    );
    await assert.rejects(
      plan(sums({ gold: () => undefined })),
      refused(/^Annotator clean of task sums has no answer to any of 50 items\. pool-\d{5}: The row of sums/),
    );
  });

  it('tries auxiliary tasks, and each task once over all variants', async () => {
    const evaluation = {
      items: 2,
      maxNewTokens: 8,
      auxiliary: [{ task: 'logic-puzzles', items: 5, maxNewTokens: 8 }],
    };
    const axes = { 'sft.lora.rank': [4, 8] };
    const { trials } = await plan(sums(), { evaluation, axes });
    assert.deepEqual(
      trials.map(({ task, auxiliary, answers }) => [task, auxiliary, answers[0]?.items]),
      [
        ['sums', undefined, 50],
        ['logic-puzzles', 'logic-puzzles', 5],
      ],
    );
  });

  for (const { name } of builtInTasks)
    it(`finds no fault in synthetic ${name}`, async () => {
      const task = builtInTasks.find((each) => each.name === name)!;
      const definition = name === 'grade-school-math' ? { annotator: 'clean' } : syntheticDefaults(name);
      const { answers, warnings } = await trialOf(task, definition);
      assert.equal(answers.length, task.annotators.length + 1);
      assert.equal(answers[0]?.mean, 1);
      assert.deepEqual(warnings, []);
    });
});

describe('a trial with a call that does not end', () => {
  const items = Array.from({ length: 9 }, (_, at) => ({
    id: `pool-${at}`,
    prompt: `${at}?`,
    target: `${at}`,
  }));
  const forever = (): never => {
    for (;;)
      try {
        throw new Error('caught');
      } catch {
        continue;
      }
  };
  const task: Task = {
    name: 'stuck',
    metric: 'accuracy',
    fileNames: () => [],
    load: () => Promise.reject(new Error('not loaded')),
    annotators: [],
    gold: ({ target }) => target,
    score: () => ({ score: 1, wellFormed: true, truncated: false, repetition: 0, scores: {} }),
  };
  const run = (change: Partial<Task>, limits = { startMs: 5_000, endMs: 400 }) => {
    const changed = { ...task, ...change };
    return tryAnswers(
      { task: changed, items, further: [], annotators: changed.annotators, poolSeed: 0 },
      limits,
    );
  };
  const stopped = (change: Partial<Task>, message: RegExp): void => {
    const startedMs = performance.now();
    assert.throws(
      () => run(change),
      (error: unknown) => error instanceof BudgetlineError && message.test(error.message),
    );
    const ranMs = performance.now() - startedMs;
    assert.ok(ranMs >= 390 && ranMs < 5_000, `${ranMs} ms`);
  };

  it('is stopped at the limit, and names the part and the item', () => {
    const annotator = {
      name: 'thinker',
      description: 'Thinks about the fourth item.',
      demonstrate: ({ id }: Problem) => (id === 'pool-3' ? forever() : 'x'),
    };
    stopped(
      { annotators: [annotator] },
      /^Annotator thinker of task stuck, on pool-3, did not end within \d+ s/,
    );
    stopped({ gold: forever }, /^"gold" of task stuck, on pool-0, did not end/);
    const correct = task.score({ id: '', prompt: '', target: '' }, '', 'stop');
    const backtracks = {
      score: () => ({ ...correct, score: Number(/^(\d+)+$/.test(`${'1'.repeat(60)}!`)) }),
    };
    stopped(backtracks, /^The verifier of task stuck, on the reference answer to pool-0, "0", did not end/);
  });

  it('asks for no further answers after the first limit', () => {
    const slow = { gold: ({ target }: Problem) => (sleepFor(30), target) };
    const [references] = run(slow, { startMs: 100, endMs: 5_000 });
    const { length } = references!.answers;
    assert.ok(length >= 2 && length <= 5, `${length} answers`);
  });
});
