import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { BudgetlineError } from '../../../core/failures';
import type { Problem, Task } from '../../../contracts/task';
import {
  codeGeneration,
  defineTask,
  instructionFollowing,
  logicPuzzles,
  parseProgram,
  programLimits,
  summarization,
} from '../../../tasks';
import { normalizeText } from '../../../text/normalize';
import { builtInTasks } from '../../../workers';
import { noFiles, recordsOf, rowsContext } from '../../support/records';

const files = {
  source: 'files',
  train: 'a',
  test: 'b',
  validation: 1,
  stripCalculationAnnotations: true,
} as const;
const synthetic = { source: 'synthetic', seed: 3, pool: 300, validation: 20, test: 60 } as const;

const sums = defineTask<{ a: number; b: number }>({
  name: 'sums',
  metric: 'accuracy',
  synthesize: (random) => ({ a: Math.floor(random() * 30), b: Math.floor(random() * 30) }),
  schema: z.object({ a: z.int(), b: z.int() }),
  prompt: ({ a, b }) => `Add these two numbers for me please and give me nothing but the answer: ${a}+${b}=`,
  leakageText: ({ a, b }) => `${a} ${b}`,
  dedupKey: ({ a, b }) => String(a + b),
  target: ({ a, b }) => String(a + b),
  annotators: [
    { name: 'off-by-one', description: 'Adds one.', demonstrate: ({ a, b }) => String(a + b + 1) },
  ],
  score: ({ a, b }, completion) => ({ score: Number(completion === String(a + b)) }),
});

describe('defineTask', () => {
  it('makes a task from a few functions', async () => {
    const { pool, validation, test } = await sums.load(
      { ...synthetic, pool: 20, validation: 3, test: 5 },
      noFiles,
    );
    const [first] = pool;
    assert.ok(first);
    assert.equal(sums.gold(first), first.target);
    const [clean, off] = sums.annotators.map((annotator) => annotator.demonstrate(first, () => 0));
    assert.deepEqual(
      [sums.score(first, clean ?? '', 'stop').score, sums.score(first, off ?? '', 'stop').score],
      [1, 0],
    );
    assert.equal(sums.score(first, '1', 'length').truncated, true);
    const targets = [...pool, ...validation, ...test].map(({ target }) => target);
    assert.equal(new Set(targets).size, targets.length, 'no sum twice, whatever its parts');
  });

  it('reports a generator that is exhausted', async () => {
    await assert.rejects(
      sums.load({ ...synthetic, pool: 100 }, noFiles),
      /data\.pool is 100; the generator of sums has only \d+/,
    );
  });

  it('reads rows by its schema, reports unusable ones, and makes train and test disjoint', async () => {
    const rows = {
      train: [
        { a: 1, b: 2 },
        { a: 5, b: 5 },
        { a: 2, b: 1 },
        { a: 1, b: 2 },
        { a: 9, b: 9 },
        { a: 4, b: 4 },
      ],
    };
    const set = await sums.load(files, rowsContext({ ...rows, test: [{ a: 0, b: 3 }] }));
    assert.deepEqual(
      [set.pool, set.validation, set.test].map((part) => part.map(({ id }) => id)),
      [['train-00002', 'train-00005'], ['train-00006'], ['test-00001']],
    );
    assert.deepEqual(set.excluded, {
      'duplicate train row': 1,
      'train row overlaps test: same dedup key': 2,
    });
    const unusable = rowsContext({ train: [{ a: 1 }, { a: 'x', b: 1 }], test: [] });
    await assert.rejects(sums.load(files, unusable), (error: unknown) => {
      assert.ok(error instanceof BudgetlineError && error.code === 'DATA_INVALID');
      for (const place of ['train.jsonl:1: b ', 'train.jsonl:2: a ', 'test.jsonl:1: the file holds no rows'])
        assert.ok(error.message.includes(place), error.message);
      return true;
    });
  });

  it('refuses a data source that the task does not have', async () => {
    const { name, metric } = sums;
    const bare = defineTask<null>({
      name,
      metric,
      prompt: () => '',
      target: () => '',
      score: () => ({ score: 0 }),
    });
    await assert.rejects(bare.load(synthetic, noFiles), /task sums has no generator/);
    await assert.rejects(
      bare.load(files, rowsContext({ train: [{}], test: [{}] })),
      /task sums reads no files/,
    );
  });
});

describe('synthetic problems of the tasks', () => {
  for (const task of builtInTasks)
    it(`${task.name}: the reference answer is correct, others are not, and uses are disjoint`, async () => {
      const { pool, validation, test } = await task.load(synthetic, noFiles);
      const all = [...pool, ...validation, ...test];
      assert.deepEqual([pool.length, validation.length, test.length], [300, 20, 60]);
      assert.equal(new Set(all.map(({ prompt }) => normalizeText(prompt))).size, all.length);
      for (const problem of all.slice(0, 200)) {
        const { score, wellFormed, truncated } = task.score(problem, task.gold(problem), 'stop');
        assert.deepEqual(
          [score, wellFormed, truncated],
          [1, true, false],
          `${problem.prompt}${task.gold(problem)}`,
        );
        // Almost any text has no comma, so a non-answer may follow an instruction.
        const incorrect = task.name === 'instruction-following' ? [''] : ['', ' ?', ' I do not know'];
        for (const answer of incorrect) assert.ok(task.score(problem, answer, 'stop').score < 1);
      }
      const { pool: smaller } = await task.load({ ...synthetic, pool: 50 }, noFiles);
      const textOf = (problems: readonly Problem[]): string => JSON.stringify(problems);
      assert.equal(textOf(smaller), textOf(pool.slice(0, 50)));
      assert.ok(Math.max(...all.map((problem) => (problem.prompt + task.gold(problem)).length)) <= 250);
    });
});

describe('instruction following in a sweep', () => {
  const rows = readFileSync(join(__dirname, '../../../examples/data/ifeval/prompts.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  const parsed = rows.map((row) => JSON.parse(row) as { kwargs: object[] });

  it('uses prompts unchanged, and refuses demonstrations of a prompt without a response', async () => {
    const noComma = { instruction_id_list: ['punctuation:no_comma'], kwargs: [{}] };
    const train = [
      { ...parsed[0], ...noComma, response: 'yes' },
      { ...parsed[1], ...noComma },
    ];
    const load = (rows: readonly object[]) =>
      instructionFollowing.load(
        { ...files, validation: 0 },
        rowsContext({ train: rows, test: parsed.slice(20) }),
      );
    const set = await load(train);
    assert.equal(set.test.length, 54);
    const last = set.pool.at(-1);
    assert.ok(last && set.pool[0]);
    assert.equal(instructionFollowing.gold(set.pool[0]), 'yes');
    assert.throws(() => instructionFollowing.gold(last), /has no reference answer/);
    await assert.rejects(
      load([...train, { ...parsed[2], ...noComma, response: 'yes, no' }]),
      /train\.jsonl:3: response follows 0 of 1 of its instructions/,
    );
    const two = {
      instruction_id_list: ['punctuation:no_comma', 'change_case:english_lowercase'],
      kwargs: [{}, {}],
    };
    await assert.rejects(
      load([...train, { ...parsed[2], ...two, response: 'all of this is in small letters, with a comma' }]),
      /train\.jsonl:3: response follows 1 of 2 of its instructions/,
    );
  });

  it('averages over instructions, not over prompts', () => {
    const item = (kept: number, instructions: number) =>
      ({ scores: { keptStrict: kept, keptLoose: kept, instructions } }) as never;
    assert.deepEqual(instructionFollowing.summarize?.([item(1, 1), item(0, 3)]), {
      instructionStrict: 0.25,
      instructionLoose: 0.25,
    });
  });
});

describe('programs of code generation', () => {
  it('compute correctly', () => {
    const cases: [string, number][] = [
      ['x*2+3', 13],
      ['-(x-y)*2', -6],
      ['min(x,max(y,4))', 4],
      ['2+3*x', 17],
      [' ( x ) ', 5],
      ['--x', 5],
    ];
    for (const [text, value] of cases) assert.equal(parseProgram(text)?.(5, 2), value, text);
  });

  it('are the only texts that are parsed, and no answer exhausts the stack', () => {
    const deep = '('.repeat(programLimits.depth + 1) + 'x' + ')'.repeat(programLimits.depth + 1);
    const signs = '-'.repeat(programLimits.depth + 2) + 'x';
    for (const text of [
      '',
      'x+',
      'x y',
      'process.exit()',
      'x/2',
      'min(x)',
      '1e9',
      'constructor',
      deep,
      signs,
      'x+'.repeat(300) + 'x',
    ])
      assert.equal(parseProgram(text), undefined, text.slice(0, 40));
  });

  it('have the same dedup key where they compute the same, whatever the order of tests', async () => {
    const row = (x: number, output: number) => ({
      request: `From ${x} make ${output}.`,
      tests: [{ x, output }],
      solution: String(output),
    });
    const set = await codeGeneration.load(
      { ...files, validation: 0 },
      rowsContext({ train: [row(1, 3), row(9, 4)], test: [row(2, 3), row(9, 5)] }),
    );
    assert.deepEqual([set.pool.length, set.excluded], [2, {}], 'the same outputs of other inputs');
  });

  it('describes unusable rows of the built-in tasks in plain words', async () => {
    const faultsOf = async (task: Pick<Task, 'load'>, row: object): Promise<string[]> => {
      const alone = { source: 'files', test: 't', validation: 0, stripCalculationAnnotations: true } as const;
      const failure: unknown = await task
        .load(alone, { readRecords: () => Promise.resolve(recordsOf('t.jsonl', [row])) })
        .then(
          () => undefined,
          (error: unknown) => error,
        );
      return failure instanceof BudgetlineError ? failure.message.split('\n') : [];
    };
    assert.deepEqual(await faultsOf(summarization, { document: 'A. B.', text: 'x' }), [
      '1 row cannot be used:',
      't.jsonl:1: summary is missing',
    ]);
    assert.deepEqual(
      await faultsOf(codeGeneration, { request: '', tests: [{ x: 'a', output: 1 }], solution: 7 }),
      [
        '1 row cannot be used:',
        't.jsonl:1: request is empty',
        't.jsonl:1: tests[0].x is not a number',
        't.jsonl:1: solution is not a text',
      ],
    );
    const people = ['Ann', 'Ben', 'Cal'];
    for (const [puzzle, reason] of [
      [{ people, facts: [[0, 1]] }, 'facts do not compare every two neighbours in "people"'],
      [
        {
          people: ['Ann', 'Ben', 'Ann'],
          facts: [
            [0, 1],
            [1, 2],
          ],
        },
        'people has a name twice',
      ],
    ] as const)
      assert.deepEqual(await faultsOf(logicPuzzles, { ...puzzle, asked: 'oldest' }), [
        '1 row cannot be used:',
        `t.jsonl:1: ${reason}`,
      ]);
    assert.deepEqual(await faultsOf(logicPuzzles, { people: ['Ann'], facts: [], asked: 'tallest' }), [
      '1 row cannot be used:',
      't.jsonl:1: people has fewer than 2 entries',
      't.jsonl:1: facts has fewer than 1 entry',
      't.jsonl:1: asked is none of "oldest", "youngest"',
    ]);
  });
});
