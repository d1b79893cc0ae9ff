import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { peopleAnnotator, peopleJudge, PeopleQueue, preferenceAnnotator } from '../../../annotators';
import { renderFields } from '../../../cli/print/data';
import { createInk } from '../../../cli/print/ink';
import { BudgetlineError } from '../../../core/failures';
import { decide } from '../../../contracts/preferences';
import type { AnnotationSession, Preference, Problem } from '../../../contracts/task';
import { temporaryFolder } from '../../support/temporary';

const problems: Problem[] = ['a', 'b', 'c'].map((id) => ({ id, prompt: `${id}?`, target: '' }));

const sessionOf = (): AnnotationSession => ({
  folder: '',
  signal: new AbortController().signal,
  report: () => undefined,
  spent: () => undefined,
  record: () => undefined,
  stage: 'stage',
  billed: { calls: 0, inputTokens: 0, outputTokens: 0, usd: 0 },
  generate: () => Promise.reject(new Error('no local model')),
});

describe('people as annotators', () => {
  const folder = temporaryFolder();
  const asking = async (shown: readonly Problem[], change: object = {}) => {
    const us = { name: 'people', description: 'Us.', folder: folder.path(), ...change };
    const annotator = peopleAnnotator(us);
    return annotator.annotateBatch?.(shown, sessionOf()) ?? Promise.reject(new Error('no batch'));
  };
  const ask = () => asking(problems);
  /** Ids of rows by their prompts. */
  const ids = new Map<string, string>();
  const idOf = (name: string): string => ids.get(`${name}?`) ?? '';
  const queue = () => readFileSync(folder.at('queue.jsonl'), 'utf8').trimEnd().split('\n').filter(Boolean);
  const answer = (...rows: unknown[]) =>
    writeFileSync(folder.at('answers.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const fails = (code: string, message: RegExp) =>
    assert.rejects(
      ask(),
      (error) => error instanceof BudgetlineError && error.code === code && message.test(error.message),
    );

  it('queues open rows, waits for all answers, and returns them in the order of the problems', async () => {
    await fails('ANNOTATION_PENDING', /3 of 3 rows wait/);
    for (const { id, prompt } of await new PeopleQueue(folder.path()).open()) ids.set(prompt ?? '', id);
    assert.equal(ids.size, 3);
    const answers = ['c', 'a'].map((name) => ({ id: idOf(name), completion: name.toUpperCase() }));
    answer(...answers);
    await fails('ANNOTATION_PENDING', /1 of 3 rows wait/);
    assert.deepEqual(queue(), [`{"id":"${idOf('b')}","prompt":"b?"}`]);
    answer(...answers, { id: idOf('b'), completion: 'B' });
    assert.deepEqual(await ask(), ['A', 'B', 'C']);
    assert.deepEqual(queue(), []);
  });

  it('uses the last of several answers, or the first person’s latest, and counts agreement', async () => {
    const answers = [
      ['ann', 'draft'],
      ['bob', 'other'],
      ['ann', 'final'],
      ['eve', 'other'],
    ].map(([by, completion]) => ({ id: idOf('a'), by, completion }));
    answer(...answers, { id: idOf('b'), completion: 'B' }, { id: idOf('c'), completion: 'C' });
    const recorded: unknown[] = [];
    const session = { ...sessionOf(), record: (...metrics: unknown[]) => void recorded.push(metrics) };
    const taking = (several: 'first' | 'last') =>
      peopleAnnotator({ name: 'people', description: 'Us.', folder: folder.path(), several });
    assert.deepEqual(await taking('last').annotateBatch?.(problems, session), ['other', 'B', 'C']);
    assert.deepEqual(await taking('first').annotateBatch?.(problems, session), ['final', 'B', 'C']);
    const agreement = { labelledAgain: 3, labelledAlike: 1 };
    assert.deepEqual(recorded, [[agreement], [agreement]]);
    assert.deepEqual(await taking('last').identify?.(), { kind: 'people', version: 1 });
    assert.notDeepEqual(await taking('first').identify?.(), await taking('last').identify?.());
  });

  it('reports the line of an unusable answer', async () => {
    answer({ id: idOf('a'), completion: 'A' }, { id: idOf('b'), completion: '' });
    await fails('DATA_INVALID', /answers\.jsonl:2: completion/);
  });

  it('reuses answers for equal text, people and version only, not for equal problem ids', async () => {
    const other = { ...problems[0]!, prompt: 'Name the capital of France.' };
    answer({ id: idOf('a'), completion: 'A' });
    assert.deepEqual(await asking([{ ...problems[0]!, id: 'of another task' }]), ['A']);
    await assert.rejects(asking([other]), /1 of 1 rows wait/);
    await assert.rejects(asking(problems.slice(0, 1), { version: 2 }), /1 of 1 rows wait/);
    await assert.rejects(asking(problems.slice(0, 1), { name: 'others' }), /1 of 1 rows wait/);
    await assert.rejects(
      asking([other, { ...other, id: 'b' }]),
      /1 of 1 rows wait/,
      'equal rows are asked once',
    );
  });

  it('shares one queue between stages, which do not remove each other’s rows', async () => {
    const others = new PeopleQueue(folder.at('shared'));
    await others.ask([{ id: '1', prompt: 'one?' }]);
    await others.ask([{ id: '2', prompt: 'two?' }]);
    assert.deepEqual(
      (await others.open()).map(({ id }) => id),
      ['1', '2'],
    );
    const unknown = [
      { fields: { id: '1', completion: 'x' }, place: 'f:1:' },
      { fields: { id: '9', completion: 'y' }, place: 'f:2:' },
    ];
    await assert.rejects(others.take(unknown), /f:2: id: "9" is not in the queue/);
    assert.equal((await others.answers()).size, 0, 'all of a file or nothing');
  });

  it('keeps concurrent answers, after a hand-written line without line end', async () => {
    const queue = new PeopleQueue(folder.at('at-once'));
    const ids = [...Array(12).keys()].map(String);
    await queue.ask(ids.map((id) => ({ id, prompt: `${id}?` })));
    writeFileSync(queue.answersPath, JSON.stringify({ id: '0', completion: 'by hand' }));
    const answers = ids.slice(1).map((id) => [{ fields: { id, completion: `to ${id}` }, place: 'f:1:' }]);
    await Promise.all(answers.map((rows) => queue.take(rows)));
    const kept = await queue.answers();
    assert.deepEqual(
      ids.map((id) => kept.get(id)?.map(({ completion }) => completion)),
      ids.map((id) => [id === '0' ? 'by hand' : `to ${id}`]),
    );
  });
});

describe('people as judges', () => {
  const folder = temporaryFolder();

  it('use the majority, and record how often people agree', async () => {
    const judge = peopleJudge({ name: 'panel', description: 'Three of us.', folder: folder.path() });
    const recorded: unknown[] = [];
    const session = { ...sessionOf(), record: (...metrics: unknown[]) => void recorded.push(metrics) };
    const comparisons = [
      { prompt: 'p', first: 'x', second: 'y' },
      { prompt: 'p', first: 'y', second: 'x' },
    ];
    await assert.rejects(judge.compareBatch(comparisons, session), /2 of 2 rows wait/);
    const queue = new PeopleQueue(folder.path());
    const [one, other] = (await queue.open()).map(({ id }) => id);
    const says = (id: string | undefined, by: string, completion: string) => ({
      fields: { id, by, completion },
      place: '',
    });
    await queue.take([says(one, 'ann', '[[A]]'), says(one, 'bob', '[[A]]'), says(one, 'eve', '[[B]]')]);
    await queue.take([says(other, 'ann', '[[A]]'), says(other, 'ann', '[[B]]'), says(other, 'bob', '[[A]]')]);
    assert.deepEqual(await judge.compareBatch(comparisons, session), ['[[A]]', '[[tie]]']);
    // Two rows of one item, its two orders: 2 × A and B; A and B.
    const rows = [
      [2, 1, 0, 0],
      [1, 1, 0, 0],
    ];
    assert.deepEqual(recorded, [[{ labelledAgain: 4, labelledAlike: 1 }, [{ rows, times: 1 }]]]);
  });

  it('wait for the requested number of people, and refuse an invalid verdict by file and line', async () => {
    const panel = { name: 'panel', description: 'Two of us.', folder: folder.at('two'), people: 2 };
    const judge = peopleJudge(panel);
    const asked = [{ prompt: 'p', first: 'x', second: 'y' }];
    await assert.rejects(judge.compareBatch(asked, sessionOf()), /1 of 1 rows wait/);
    const queue = new PeopleQueue(panel.folder);
    const says = (by: string, completion: string) => ({
      fields: { id: idOfOnly, by, completion },
      place: 'answers.csv:2:',
    });
    const [{ id: idOfOnly } = { id: '' }] = await queue.open();
    await assert.rejects(
      queue.take([says('ann', 'the first, I think')]),
      /answers\.csv:2: .* is not a verdict/,
    );
    await queue.take([says('ann', 'A'), says('ann', '[[B]]')]);
    await assert.rejects(judge.compareBatch(asked, sessionOf()), /1 of 1 rows wait/, 'one person, corrected');
    await queue.take([says('bob', 'b')]);
    assert.deepEqual(
      await judge.compareBatch(asked, sessionOf()),
      ['[[B]]'],
      'a verdict, however it is written',
    );
    assert.notDeepEqual(await judge.identify?.(), await peopleJudge({ ...panel, people: 1 }).identify?.());
    await assert.rejects(
      peopleJudge({ ...panel, version: 2 }).compareBatch(asked, sessionOf()),
      /1 of 1 rows wait/,
      'another version asks again',
    );
  });

  it('refuse an invalid correction, also of an answered row, and in the file itself', async () => {
    const panel = { name: 'one', description: 'One of us.', folder: folder.at('corrected') };
    const judge = peopleJudge(panel);
    const asked = [{ prompt: 'p', first: 'x', second: 'y' }];
    await assert.rejects(judge.compareBatch(asked, sessionOf()), /1 of 1 rows wait/);
    const queue = new PeopleQueue(panel.folder);
    const [row] = await queue.open();
    const says = (completion: string, by = 'ann') => [
      { fields: { id: row!.id, by, completion }, place: 'again.csv:2:' },
    ];
    await queue.take(says('[[A]]'));
    assert.deepEqual(await queue.open(), []);
    for (const [text, by] of [
      ['maybe A?', 'ann'],
      ['neither', 'bob'],
    ] as const)
      await assert.rejects(queue.take(says(text, by)), /again\.csv:2: completion: ".*" is not a verdict/);
    assert.deepEqual(await judge.compareBatch(asked, sessionOf()), ['[[A]]'], 'the previous answer stays');
    await queue.take(says('[[B]]'));
    assert.deepEqual(await judge.compareBatch(asked, sessionOf()), ['[[B]]']);
    const byHand = JSON.stringify({ id: row!.id, by: 'ann', completion: 'hmm' });
    writeFileSync(queue.answersPath, `${readFileSync(queue.answersPath, 'utf8')}${byHand}\n`);
    await assert.rejects(
      judge.compareBatch(asked, sessionOf()),
      /answers\.jsonl:3: completion: "hmm" is not a verdict/,
    );
  });
});

describe('people who label pairs', () => {
  const folder = temporaryFolder();
  const labelsOf = (name: string, labels: number, people?: number) => {
    const us = { name: 'us', description: 'Us.', folder: folder.at(name), people };
    const annotator = preferenceAnnotator({ name: 'labels', description: 'We label.', by: peopleJudge(us) });
    const problem = { id: 'p', prompt: 'p?', target: '' };
    const items = Array.from({ length: labels }, (_, label) => {
      const [first, second] =
        label % 2 === 0 ? (['x\n\u001b[31m', 'y'] as const) : (['y', 'x\n\u001b[31m'] as const);
      return { problem, prompt: 'p?', first, second, label };
    });
    return annotator.preferBatch(items, sessionOf());
  };
  const answering = (queue: PeopleQueue) => async (id: string, answers: Record<string, string>) =>
    queue.take(
      Object.entries(answers).map(([by, completion]) => ({
        fields: { id, by, completion },
        place: 'f.csv:2:',
      })),
    );

  it('see both orders, and may refuse', async () => {
    await assert.rejects(labelsOf('both', 2), /2 of 2 rows wait/);
    const queue = new PeopleQueue(folder.at('both'));
    const [one, other] = await queue.open();
    assert.deepEqual([one?.['first'], other?.['first']], ['x\n\u001b[31m', 'y']);
    const shown = renderFields(one!, createInk(false));
    assert.deepEqual(shown, [
      one!.id,
      '  prompt',
      '    │p?',
      '  first',
      '    │x',
      '    │\\u001b[31m',
      '  second',
      '    │y',
    ]);
    await answering(queue)(one!.id, { ann: '[[A]]' });
    await answering(queue)(other!.id, { ann: '[[refusal]]' });
    assert.deepEqual(await labelsOf('both', 2), ['first', 'refusal']);
  });

  it('are different people for labels in the same order', async () => {
    await assert.rejects(labelsOf('several', 5), /2 of 2 rows wait/);
    const queue = new PeopleQueue(folder.at('several'));
    const [one, other] = await queue.open();
    assert.deepEqual([one?.['people'], other?.['people']], ['3', '2']);
    const answer = answering(queue);
    await answer(one!.id, { ann: '[[A]]', bob: '[[B]]' });
    await answer(other!.id, { ann: '[[B]]', bob: '[[A]]', eve: '[[A]]' });
    await assert.rejects(labelsOf('several', 5), /1 of 2 rows wait/, 'ann cannot label an order twice');
    await answer(one!.id, { ann: '[[tie]]' });
    await assert.rejects(labelsOf('several', 5), /1 of 2 rows wait/, 'ann has corrected her label');
    await answer(one!.id, { eve: '[[A]]' });
    assert.deepEqual(await labelsOf('several', 5), ['tie', 'second', 'second', 'first', 'first']);
    assert.deepEqual(await labelsOf('several', 2), ['tie', 'second'], 'the same with fewer labels');
  });

  it('decide a label together where the judge needs several people', async () => {
    await assert.rejects(labelsOf('panel', 3, 2), /2 of 2 rows wait/);
    const queue = new PeopleQueue(folder.at('panel'));
    const [one, other] = await queue.open();
    await answering(queue)(one!.id, { ann: 'A', bob: 'A', eve: 'B', dan: 'tie' });
    await answering(queue)(other!.id, { ann: 'B', bob: 'B' });
    assert.deepEqual(await labelsOf('panel', 3, 2), ['first', 'second', 'tie']);
  });

  it('decide a label by the rule for the labels of an item, whatever they write', async () => {
    const said: Record<Preference, string> = { first: 'A', second: 'B', tie: 'tie', refusal: 'refusal' };
    let panels = 0;
    const votes = fc.array(fc.constantFrom(...(Object.keys(said) as Preference[])), {
      minLength: 1,
      maxLength: 5,
    });
    const together = async (own: readonly Preference[]) => {
      const name = `votes-${panels++}`;
      await assert.rejects(labelsOf(name, 1, own.length), /1 of 1 rows wait/);
      const queue = new PeopleQueue(folder.at(name));
      const [row] = await queue.open();
      await answering(queue)(row!.id, Object.fromEntries(own.map((vote, at) => [`p${at}`, said[vote]])));
      return (await labelsOf(name, 1, own.length))[0];
    };
    assert.equal(await together(['refusal', 'second']), 'second');
    await fc.assert(
      fc.asyncProperty(votes, async (own) => {
        assert.equal(await together(own), decide(own, { swapped: false }).winner);
      }),
      { numRuns: 40, examples: [[['refusal', 'refusal', 'first']], [['first', 'first', 'second', 'tie']]] },
    );
  });

  it('are refused by file and line where they write something else', async () => {
    await assert.rejects(labelsOf('wrong', 1), /1 of 1 rows wait/);
    const queue = new PeopleQueue(folder.at('wrong'));
    const [row] = await queue.open();
    await assert.rejects(answering(queue)(row!.id, { ann: 'the first' }), {
      code: 'DATA_INVALID',
      message: 'f.csv:2: completion: "the first" is not a preference.',
    });
    writeFileSync(queue.answersPath, `${JSON.stringify({ id: row!.id, completion: '[[C]] or so' })}\n`);
    assert.deepEqual(await labelsOf('wrong', 1), ['tie'], 'a marked word in a sentence');
    writeFileSync(queue.answersPath, `\n${JSON.stringify({ id: row!.id, completion: '3' })}\n`);
    await assert.rejects(labelsOf('wrong', 1), /answers\.jsonl:2: completion: "3" is not a preference/);
  });

  it('cannot refuse a verdict of an evaluation, which would be a loss', async () => {
    const judge = peopleJudge({ name: 'us', description: 'Us.', folder: folder.at('verdict') });
    const asked = [{ prompt: 'p?', first: 'x', second: 'y' }];
    await assert.rejects(judge.compareBatch(asked, sessionOf()), /1 of 1 rows wait/);
    const queue = new PeopleQueue(folder.at('verdict'));
    const [row] = await queue.open();
    await assert.rejects(
      answering(queue)(row!.id, { ann: '[[refusal]]' }),
      /f\.csv:2: completion: "\[\[refusal\]\]" is not a verdict/,
    );
  });
});
