import assert from 'node:assert/strict';
import { preferenceAnnotator, type PreferenceProgram, withPreferenceAnnotators } from '../../../annotators';
import type { AnnotationSession, Judge, Preference, PreferenceItem, Task } from '../../../contracts/task';
import { defineTask, gradeSchoolMath, type TaskProblem } from '../../../tasks';

const reported: [number, number][] = [];
const recorded: unknown[] = [];
const session: AnnotationSession = {
  folder: '',
  stage: 'stage',
  signal: new AbortController().signal,
  billed: { calls: 0, inputTokens: 0, outputTokens: 0, usd: 0 },
  report: (done, of) => void reported.push([done, of]),
  spent: () => assert.fail('a program has no bill'),
  record: (metrics) => void recorded.push(metrics),
  generate: () => Promise.reject(new Error('no local model')),
};
const itemOf = (first: string, second: string, label = 0): PreferenceItem => ({
  problem: { id: 'p', prompt: 'p?', target: 'long' },
  prompt: 'p?',
  first,
  second,
  label,
});
const labelBy = (by: PreferenceProgram | Judge, ...items: PreferenceItem[]) =>
  preferenceAnnotator({ name: 'ours', description: 'Ours.', by }).preferBatch(items, session);

describe('a preference annotator that is a program', () => {
  it('sees problem and answers as they are shown, and is not asked for a bill', async () => {
    const longer: PreferenceProgram = ({ target }, first, second) =>
      first.length === second.length ? 'tie' : first === target ? 'first' : 'second';
    const labels = await labelBy(longer, itemOf('long', 'no'), itemOf('no', 'long', 1), itemOf('a', 'b'));
    assert.deepEqual(labels, ['first', 'second', 'tie']);
    assert.deepEqual(reported.at(-1), [3, 3]);
  });

  it('draws the same random numbers for the same label only', async () => {
    const drawn: number[] = [];
    const noisy: PreferenceProgram = (_problem, _first, _second, random) => {
      drawn.push(random());
      return drawn.at(-1)! < 0.5 ? 'first' : 'second';
    };
    const items = [itemOf('a', 'b'), itemOf('a', 'b', 2), itemOf('b', 'a', 1), itemOf('a', 'c')];
    const labels = await labelBy(noisy, ...items);
    assert.equal(new Set(drawn).size, 4);
    assert.deepEqual(await labelBy(noisy, ...items), labels);
    assert.equal(new Set(drawn).size, 4);
  });

  it('fails with the problem where it returns something else', async () => {
    const wrong = (() => '[[A]]') as unknown as PreferenceProgram;
    await assert.rejects(labelBy(wrong, itemOf('a', 'b')), {
      code: 'ANNOTATOR_FAULTY',
      message: 'ours returned [[A]] for problem p.',
    });
  });
});

describe('a preference annotator that is a judge', () => {
  const saying = (...verdicts: string[]): Judge => ({
    name: 'judge',
    description: 'A judge.',
    compareBatch: (comparisons) => Promise.resolve(comparisons.map((_, at) => verdicts[at]!)),
  });

  it('labels by its verdicts; an unreadable one is a refusal, and is counted', async () => {
    const judge = saying('[[A]]', 'b', '[[tie]]', '[[refusal]]', 'both are fine');
    const labels = await labelBy(judge, ...Array<PreferenceItem>(5).fill(itemOf('a', 'b')));
    const expected: Preference[] = ['first', 'second', 'tie', 'refusal', 'refusal'];
    assert.deepEqual(labels, expected);
    assert.deepEqual(recorded.at(-1), { labelUnreadable: 1 });
  });

  it('has the judge’s identity; a program and a judge without one have none', async () => {
    const identity = { kind: 'program', version: 3 } as const;
    const judge = { ...saying(), identify: () => Promise.resolve(identity) };
    const of = (by: Judge | PreferenceProgram) => preferenceAnnotator({ name: 'n', description: '', by });
    assert.deepEqual(await of(judge).identify?.(), identity);
    for (const by of [saying(), () => 'tie' as const]) assert.ok(of(by).identify === undefined);
  });
});

describe('a task with preference annotators', () => {
  const labels = (name: string) => preferenceAnnotator({ name, description: '', by: () => 'tie' });

  it('keeps its own, and its code', () => {
    const task = withPreferenceAnnotators(gradeSchoolMath as Task, labels('one'));
    const more = withPreferenceAnnotators(task, labels('two'));
    const names = more.preferenceAnnotators?.map(({ name }) => name);
    assert.deepEqual(names, ['one', 'two']);
    assert.equal(more.code, task.code);
  });

  it('has them from its definition', async () => {
    const task = defineTask({
      name: 'letters',
      metric: 'accuracy',
      target: () => 'a',
      score: () => ({ score: 0 }),
      synthesize: (random) => random(),
      prompt: (item: number) => `${item}?\nA:`,
      preferenceAnnotators: [
        preferenceAnnotator({
          name: 'by item',
          description: 'Prefers the first answer to small items.',
          by: ({ item }: TaskProblem<number>) => (item < 0.5 ? 'first' : 'second'),
        }),
      ],
    });
    const [annotator] = task.preferenceAnnotators!;
    const problem = { id: 'p', prompt: '', target: '', item: 0.2 };
    const item = { problem, prompt: '', first: 'a', second: 'b', label: 0 };
    assert.deepEqual(await annotator?.preferBatch([item], session), ['first']);
  });
});
