import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { preferenceAnnotator, type PreferenceProgram, withPreferenceAnnotators } from '../../../annotators';
import type { PreferenceAnnotator, TaskContext } from '../../../contracts/task';
import { shownValue } from '../../../contracts/text';
import { BudgetlineError } from '../../../core/failures';
import { createRandom } from '../../../core/random';
import { defineSweep, tryDefinition, type SweepInput } from '../../../definitions';
import { tryLabels } from '../../../definitions/trial/labels';
import { makeWithin } from '../../../definitions/make-within';
import { defineTask, gradeSchoolMathDefaults, type TaskInput } from '../../../tasks';
import { builtInTasks } from '../../../workers';
import { temporaryFolder } from '../../support/temporary';
import { toJsonLines } from '../../../schemas/json-lines';
import { rowsContext } from '../../support/records';

interface Sum {
  readonly a: number;
  readonly b: number;
}

type Input = TaskInput<Sum>;
type Called = 'synthesize' | 'schema' | 'prompt' | 'target' | 'leakageText' | 'dedupKey' | 'pattern';

const draw = (random: () => number): number => Math.floor(random() * 900);
const schema = z.object({ a: z.number(), b: z.number() });
const parts = {
  name: 'sums',
  metric: 'accuracy',
  synthesize: (random) => ({ a: draw(random), b: draw(random) }),
  schema,
  prompt: ({ a, b }) => `${a}+${b}?\n`,
  target: ({ a, b }) => String(a + b),
  leakageText: ({ a, b }) => `${a}+${b}`,
  dedupKey: ({ a, b }) => `${a} ${b}`,
  pattern: ({ a, b }) => `${b} ${a}`,
  score: ({ a, b }, answer) => ({ score: Number(answer === String(a + b)) }),
} satisfies Input;

/** The task, one function of which does something else from its n-th call on. */
function sums(name: Called, { after, instead }: { after: number; instead: () => never }) {
  let calls = 0;
  const count = (): void => {
    calls += 1;
    if (calls > after) instead();
  };
  if (name === 'schema')
    return defineTask<Sum>({ ...parts, schema: { safeParse: (row) => (count(), schema.safeParse(row)) } });
  const replaced = { ...parts, [name]: (value: never) => (count(), parts[name](value)) };
  return defineTask<Sum>(replaced);
}

const forever = (): never => {
  for (;;);
};
const fail = (): never => {
  throw new RangeError('no such number');
};
const data = {
  synthetic: { source: 'synthetic', seed: 0, pool: 12, validation: 2, test: 3 },
  files: {
    source: 'files',
    train: 'train.jsonl',
    test: 'test.jsonl',
    validation: 2,
    stripCalculationAnnotations: false,
  },
} as const;
const rows = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => ({ a: from + at, b: 7 }));
const contextOf = (allMs: number, callMs: number): TaskContext => ({
  ...rowsContext({ train: rows(1, 12), test: rows(100, 3) }),
  run: (make) => makeWithin('sums', make, { allMs, callMs }),
});

const called: Record<'synthetic' | 'files', readonly Called[]> = {
  synthetic: ['synthesize', 'prompt', 'target', 'dedupKey', 'pattern'],
  files: ['schema', 'prompt', 'target', 'leakageText', 'dedupKey'],
};
const items = {
  synthetic: String.raw`(pool|validation|test)-\d{5}`,
  files: String.raw`(train|test)-\d{5} \((train|test)\.jsonl:\d+\)`,
};
const random = createRandom('calls of a task');
/** Three places of each function and source. */
const variants = (['synthetic', 'files'] as const).flatMap((source) =>
  called[source].flatMap((name) =>
    [0, 1, 2].map((third) => ({ source, name, after: third * 4 + Math.floor(random() * 4) })),
  ),
);

const faulty = (words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof BudgetlineError, String(error));
  assert.equal(error.code, 'TASK_FAULTY');
  assert.match(error.message, words);
  return true;
};

describe('making a task’s problems', () => {
  for (const { source, name, after } of variants) {
    it(`stops ${name} over ${source} that does not end at call ${after + 1}, and names it`, async () => {
      const task = sums(name, { after, instead: forever });
      const words = new RegExp(`^"${name}" of task sums, on ${items[source]}, did not end within \\d+ s`);
      await assert.rejects(async () => task.load(data[source], contextOf(120, 60)), faulty(words));
    });

    it(`names ${name} over ${source} that throws at call ${after + 1}`, async () => {
      const task = sums(name, { after, instead: fail });
      const words = new RegExp(
        `^"${name}" of task sums fails on ${items[source]}: RangeError: no such number \\(.*trial-calls\\.test\\.ts:\\d+\\)$`,
      );
      await assert.rejects(async () => task.load(data[source], contextOf(5_000, 1_000)), faulty(words));
    });
  }

  it('makes the same problems as without limits', async () => {
    const task = defineTask<Sum>(parts);
    const limited = contextOf(5_000, 1_000);
    const plain = { ...limited, run: undefined };
    for (const source of ['synthetic', 'files'] as const)
      assert.deepEqual(await task.load(data[source], limited), await task.load(data[source], plain));
  });

  it('gives many calls that end more time', () => {
    const wait = (): void => {
      const until = performance.now() + 30;
      while (performance.now() < until);
    };
    const makeMany = (): number =>
      makeWithin(
        'sums',
        (call) => {
          for (let at = 0; at < 30; at += 1) call('prompt', { id: `pool-${at}` }, wait);
          return 30;
        },
        { allMs: 400, callMs: 390 },
      );
    assert.equal(makeMany(), 30);
  });
});

describe('the trial of a task’s functions', () => {
  const folder = temporaryFolder();
  const plan = (task: ReturnType<typeof defineTask<Sum>>, change: Partial<SweepInput> = {}) =>
    tryDefinition(
      defineSweep({
        ...gradeSchoolMathDefaults,
        name: 'tried',
        annotator: 'clean',
        task: task.name,
        data: data.synthetic,
        budgets: [4],
        sftFractions: [1],
        evaluation: { items: 2, maxNewTokens: 8 },
        ...change,
      }),
      { tasks: [task, ...builtInTasks], baseDir: folder.path() },
    );

  it('covers what later stages call: leakageText, and comparison', async () => {
    const words = (name: string) =>
      faulty(new RegExp(`^"${name}" of task sums fails on pool-\\d{5}: RangeError`));
    await assert.rejects(plan(sums('leakageText', { after: 0, instead: fail })), words('leakageText'));
    await assert.rejects(plan(defineTask<Sum>({ ...parts, comparison: fail })), words('comparison'));
  });

  it('names a function that fails while problems are made', async () => {
    const broken = sums('target', { after: 5, instead: fail });
    await assert.rejects(plan(broken), faulty(/^"target" of task sums fails on pool-00005: RangeError/));
  });

  const labelled = (by: PreferenceProgram<{ id: string; prompt: string; target: string }>) =>
    withPreferenceAnnotators(
      defineTask<Sum>(parts),
      preferenceAnnotator({ name: 'ours', description: 'Ours.', by }) as PreferenceAnnotator<never>,
    );
  const ours = { pairs: { ...gradeSchoolMathDefaults.pairs, annotator: 'ours' } };

  it('has preference programs label reference answers and others, in both orders', async () => {
    const seen = new Map<string, string[]>();
    const { trials } = await plan(
      labelled(({ id, target }, first, second) => {
        seen.set(id, [...(seen.get(id) ?? []), first, second]);
        return first === target ? 'first' : 'second';
      }),
      ours,
    );
    assert.deepEqual(trials[0]!.labels, [{ annotator: 'ours', pairs: 10, preferred: 10 }]);
    assert.equal(seen.size, 10);
    for (const [first, second, third, fourth] of seen.values())
      assert.deepEqual([first, second], [fourth, third]);
  });

  it('warns of a program that prefers no reference answer, such as one that decides by place', async () => {
    for (const label of ['first', 'tie', 'refusal'] as const) {
      const { trials } = await plan(
        labelled(() => label),
        ours,
      );
      assert.deepEqual(trials[0]!.warnings, [
        'Preference annotator ours prefers none of 10 reference answers to the answer of another item.',
      ]);
    }
  });

  it('refuses one that throws or returns no preference if the definition uses it, and warns if not', async () => {
    const wrong: readonly [() => unknown, RegExp][] = [
      [fail, /RangeError: no such number \(.*trial-calls\.test\.ts:\d+\)$/],
      ...[undefined, null, 1, 'A', '[[A]]', 'First', true].map((value): [() => unknown, RegExp] => [
        () => value,
        new RegExp(
          `it returned ${shownValue(value).replace(/[[\]]/g, '\\$&')} instead of "first", "second", "tie" or "refusal"\\.$`,
        ),
      ]),
      [() => Promise.resolve('first'), /it returned a promise instead of/],
    ];
    for (const [by, words] of wrong) {
      const task = labelled(by as () => 'first');
      await assert.rejects(plan(task, ours), faulty(words));
      await assert.rejects(
        plan(task, ours),
        faulty(/^Preference annotator ours of task sums fails on pool-\d{5}: /),
      );
      const { trials } = await plan(task);
      assert.match(trials[0]!.warnings[0]!, /^Preference annotator ours fails on pool-\d{5}: /);
      assert.deepEqual(trials[0]!.labels, []);
    }
  });

  it('stops one that does not end, and names the item', () => {
    const annotators = [preferenceAnnotator({ name: 'ours', description: '', by: forever })];
    const references = ['1', '2'].map((text, at) => ({
      problem: { id: `pool-${at}`, prompt: '', target: text },
      text,
      score: 1,
    }));
    assert.throws(
      () => tryLabels({ task: 'sums', references, annotators }, { startMs: 1_000, endMs: 150 }),
      faulty(/^Preference annotator ours of task sums, on pool-0, did not end within \d+ s and was stopped/),
    );
  });

  it('says how many reference answers of files a slow verifier was tried on', async () => {
    writeFileSync(folder.at('train.jsonl'), toJsonLines(rows(1, 40)));
    writeFileSync(folder.at('test.jsonl'), toJsonLines(rows(100, 3)));
    const slow: Input['score'] = (item, answer) => {
      const until = performance.now() + 150;
      while (performance.now() < until);
      return parts.score(item, answer);
    };
    const { trials } = await plan(defineTask<Sum>({ ...parts, score: slow }), {
      data: data.files,
    });
    const [references] = trials[0]!.answers;
    const tried = references!.items;
    assert.ok(tried > 0 && references!.untried > 0 && tried + references!.untried === 43);
    assert.ok(
      trials[0]!.warnings.includes(
        `${tried} of 43 reference answers of task sums were tried, because its verifier is slow: an incorrect one among the others would be trained on.`,
      ),
      trials[0]!.warnings.join('\n'),
    );
  }).timeout(20_000);
});
