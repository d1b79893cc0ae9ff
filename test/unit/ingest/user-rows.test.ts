import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { readUserRows, type RowFault } from '../../../ingest';
import { defineTask } from '../../../tasks';
import { rowsContext } from '../../support/records';
import { temporaryFolder } from '../../support/temporary';

const sums = defineTask<{ q: string; a: string }>({
  name: 'sums',
  metric: 'accuracy',
  schema: z.object({ q: z.string(), a: z.string() }),
  prompt: ({ q }) => `Solve: ${q}\nA:`,
  leakageText: ({ q }) => q,
  target: ({ a }) => a,
  score: ({ a }, answer) => ({ score: answer.trim() === a ? 1 : answer.includes(a) ? 0.5 : 0 }),
});

describe('user rows on problems of a task', () => {
  const folder = temporaryFolder();
  const files = {
    train: [
      { q: '7+5=?', a: '12' },
      { q: 'Say Été, please', a: 'Été' },
    ],
    test: [{ q: '1+1=?', a: '2' }],
  };
  const read = async (
    applyTaskTemplate: boolean,
    rows: readonly object[],
    verifierMismatches: 'count' | 'error' | 'drop' = 'count',
  ) => {
    const problems = await sums.load(
      { source: 'files', train: 'x', test: 'y', validation: 0, stripCalculationAnnotations: true },
      rowsContext(files),
    );
    const [path, refuse] = [folder.at('rows.json'), 'error' as const];
    writeFileSync(path, `[${rows.map((row) => JSON.stringify(row)).join(', ')}]`);
    const rowChecks = {
      duplicates: refuse,
      emptyCompletions: refuse,
      equalPairs: refuse,
      overlaps: refuse,
      ties: refuse,
      verifierMismatches,
    };
    const reading = { kind: 'demonstrations' as const, columnMapping: {}, applyTaskTemplate, rowChecks };
    const faults: string[] = [];
    const onFault = ({ line, field, reason }: RowFault) => faults.push(`${line} ${field} ${reason}`);
    return {
      ...(await readUserRows({ path, reading, task: sums, problems, templated: false, onFault })),
      faults,
    };
  };

  it('keep their own prompts where these are only similar to a problem’s', async () => {
    const rows = [
      { prompt: '7-5=?', completion: '2' },
      { prompt: '7*5=?', completion: '35' },
      { prompt: 'say été please', completion: 'été' },
    ];
    const { rows: taken, checked } = await read(true, rows);
    assert.deepEqual(
      taken.map(({ row: { prompt }, poolRow }) => [prompt, poolRow]),
      rows.map(({ prompt }) => [`Solve: ${prompt}\nA:`, undefined]),
    );
    assert.equal(checked, 0);
    assert.equal((await read(false, [{ prompt: 'Solve: 7-5=?\nA:', completion: '2' }])).checked, 0);
  });

  it('belong to a problem whose text differs only in white space and Unicode composition', async () => {
    const { rows, checked, verifierMismatches } = await read(true, [
      { prompt: ' 7+5=?\n', completion: '12' },
      { prompt: 'Say  Été, please'.normalize('NFD'), completion: 'no' },
    ]);
    assert.deepEqual(
      rows.map(({ row: { prompt }, poolRow }) => [prompt, poolRow]),
      [
        ['Solve: 7+5=?\nA:', 0],
        ['Solve: Say Été, please\nA:', 1],
      ],
    );
    assert.deepEqual([checked, verifierMismatches], [2, 1]);
  });

  it('agree with the verifier at a score between 0 and 1', async () => {
    const rows = [{ prompt: '7+5=?', completion: 'it is 12' }];
    assert.equal((await read(true, rows)).verifierMismatches, 0);
  });

  it('count, drop or refuse what the verifier disagrees with, by place in the file', async () => {
    const rows = [
      { prompt: '7+5=?', completion: '12' },
      { prompt: '7+5=?', completion: '13' },
    ];
    const counts = async (policy: 'count' | 'error' | 'drop') => {
      const { rows: taken, summary, faults } = await read(true, rows, policy);
      assert.equal(taken.length, summary.rows);
      return [summary.rows, summary.refused, summary.dropped, faults];
    };
    assert.deepEqual(await counts('count'), [2, 0, {}, []]);
    assert.deepEqual(await counts('drop'), [1, 0, { 'verifier disagrees': 1 }, []]);
    const fault = '1 the row of record 2 in the line disagrees with the verifier of sums';
    assert.deepEqual(await counts('error'), [1, 1, {}, [fault]]);
  });

  it('overlap held-out prompts by their text, signs included', async () => {
    const { rows, faults } = await read(true, [
      { prompt: '1*1=?', completion: '1' },
      { prompt: '1 + 1 = ?', completion: '2' },
    ]);
    assert.deepEqual(
      [rows.length, faults],
      [1, ['1 prompt of record 2 in the line overlaps a held-out prompt (same text)']],
    );
  });

  it('overlap held-out prompts in any turn of a dialogue that is used as it is', async () => {
    const turns = (...texts: string[]) => ({
      messages: texts.map((content, at) => ({ role: at % 2 === 0 ? 'user' : 'assistant', content })),
    });
    const { rows, faults, summary } = await read(false, [
      turns('1+1=?', '2'),
      turns('Hello', 'Hi', 'Solve: 1 + 1 = ?\nA:', '2'),
      turns('1+1=?', '2', 'And 2+2?', '4'),
      turns('1*1=?', '1'),
    ]);
    const found = ['prompt', 'prompt of record 2 in the line', 'prompt of record 3 in the line'];
    assert.deepEqual(
      [rows.length, faults],
      [1, found.map((field) => `1 ${field} overlaps a held-out prompt (same text)`)],
    );
    assert.deepEqual(summary.heldOut, [{ name: '', prompts: 1, withoutPrompt: 0, unreadable: [] }]);
  });
});
