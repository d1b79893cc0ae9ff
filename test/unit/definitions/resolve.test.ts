import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveDefinition, type SweepInput } from '../../../definitions';
import { BudgetlineError } from '../../../core/failures';
import type { FailureCode } from '../../../core/failures';
import { planGrid } from '../../../planning';
import { defineSweep } from '../../../definitions';
import { gradeSchoolMathDefaults } from '../../../tasks';
import { builtInTasks } from '../../../workers';
import { temporaryFolder } from '../../support/temporary';

const row = (n: number): string =>
  JSON.stringify({
    question: `Ann has ${n} pens and buys ${n + 1}. How many?`,
    answer: `${n}+${n + 1}=${2 * n + 1}\n#### ${2 * n + 1}`,
  });

describe('resolving a definition', () => {
  const folder = temporaryFolder();
  const resolve = (change: Partial<SweepInput>, tasks = builtInTasks) =>
    resolveDefinition(
      defineSweep({
        ...gradeSchoolMathDefaults,
        name: 'resolved',
        annotator: 'clean',
        budgets: [4],
        sftFractions: [1],
        evaluation: { items: 2, maxNewTokens: 8 },
        ...change,
      }),
      { tasks, baseDir: folder.path() },
    );
  const files = (train: string, test: string) => ({ data: { source: 'files', train, test } as const });
  const write = (name: string, rows: readonly string[]): void => {
    writeFileSync(folder.at(name), `${rows.join('\n')}\n`);
  };
  const refuses = (code: FailureCode, words: readonly string[]) => (error: unknown) => {
    assert.ok(error instanceof BudgetlineError);
    assert.equal(error.code, code);
    for (const word of words) assert.ok(error.message.includes(word), `"${word}" in: ${error.message}`);
    return true;
  };

  before(() => {
    write('train.jsonl', [1, 2, 3, 4, 5, 6].map(row));
    write('test.jsonl', [71, 82].map(row));
    write('broken.jsonl', [row(1), '{"question": "Why?"}', row(3)]);
  });

  it('identifies model and files by content: equal bytes elsewhere give the same plan', async () => {
    write('copy.jsonl', [1, 2, 3, 4, 5, 6].map(row));
    const [one, other] = [
      await resolve(files('train.jsonl', 'test.jsonl')),
      await resolve(files('copy.jsonl', 'test.jsonl')),
    ];
    assert.equal(one.poolRows, 6);
    assert.equal(one.model.parameters, 820_736, 'by the headers of its safetensors');
    assert.notEqual(one.files['train']?.path, other.files['train']?.path);
    assert.equal((await planGrid(one)).sweepId, (await planGrid(other)).sweepId);
    write('copy.jsonl', [1, 2, 3, 4, 5, 7].map(row));
    const changed = await resolve(files('copy.jsonl', 'test.jsonl'));
    assert.notEqual((await planGrid(changed)).sweepId, (await planGrid(one)).sweepId);
  });

  it('reports a missing file by field and path', async () => {
    const path = folder.at('nowhere.jsonl');
    await assert.rejects(
      resolve(files('nowhere.jsonl', 'test.jsonl')),
      refuses('INPUT_MISSING', ['data.train', path]),
    );
  });

  it('reports a malformed row by file and line', async () => {
    const path = folder.at('broken.jsonl');
    await assert.rejects(resolve(files('broken.jsonl', 'test.jsonl')), refuses('DATA_INVALID', [path, '2']));
  });

  it('reports a missing model folder', async () => {
    await assert.rejects(resolve({ model: 'no-model' }), refuses('INPUT_MISSING', [folder.at('no-model')]));
  });

  it('reports unknown tasks and annotators with the known ones', async () => {
    await assert.rejects(
      resolve({ task: 'poetry' }),
      refuses('TASK_UNKNOWN', ['poetry', 'grade-school-math']),
    );
    await assert.rejects(resolve({ annotator: 'ann' }), refuses('TASK_UNKNOWN', ['ann', 'majority-error']));
  });

  it('refuses more evaluation items than the test set has', async () => {
    const change = { ...files('train.jsonl', 'test.jsonl'), evaluation: { items: 3, maxNewTokens: 8 } };
    await assert.rejects(resolve(change), refuses('DEFINITION_INVALID', ['evaluation.items', '3', '2']));
  });

  it('counts excluded rows of train and test, and the plan warns of them', async () => {
    write('repeats.jsonl', [row(1), row(2), row(2), row(71), row(4), row(5)]);
    write('repeated-test.jsonl', [row(71), row(82), row(82)]);
    const resolved = await resolve(files('repeats.jsonl', 'repeated-test.jsonl'));
    const excluded = {
      'duplicate test row': 1,
      'duplicate train row': 1,
      'train row overlaps test: same text': 1,
    };
    assert.deepEqual([resolved.poolRows, resolved.excluded], [4, excluded]);
    assert.ok(
      (await planGrid(resolved)).warnings.some((warning) =>
        /^3 rows of the task's files are excluded \(duplicate test row: 1; /.test(warning),
      ),
    );
    assert.equal((await resolve(files('train.jsonl', 'test.jsonl'))).excluded, undefined);
  });

  describe('with an auxiliary task', () => {
    const ifeval = join(__dirname, '../../../examples/data/ifeval/prompts.jsonl');
    const { data } = { data: { source: 'files', train: 'train.jsonl', test: 'test.jsonl' } as const };
    const task = { task: 'instruction-following', items: 20, maxNewTokens: 8 };
    const auxiliary = (one: object, change: Partial<SweepInput> = {}) =>
      resolve({
        data,
        evaluation: { items: 2, maxNewTokens: 8, auxiliary: [{ ...task, ...one }] },
        ...change,
      });
    const questionsIn = (prompt: string): string =>
      JSON.stringify({ key: 1, prompt, instruction_id_list: ['punctuation:no_comma'], kwargs: [{}] });

    it('pins its file by content and leaves the pool unchanged', async () => {
      const resolved = await auxiliary({ data: { source: 'files', test: ifeval } });
      assert.deepEqual(Object.keys(resolved.files), [
        'train',
        'test',
        'evaluation.auxiliary.instruction-following.test',
      ]);
      assert.deepEqual([resolved.poolRows, resolved.heldOut], [6, undefined]);
    });

    it('removes pool problems that overlap its test items and records its name', async () => {
      const [first = ''] = [row(3)].map((text) => (JSON.parse(text) as { question: string }).question);
      write('asked.jsonl', [questionsIn(`${first.toUpperCase()}!`)]);
      const resolved = await auxiliary({ items: 1, data: { source: 'files', test: 'asked.jsonl' } });
      assert.deepEqual([resolved.poolRows, resolved.heldOut], [5, ['instruction-following']]);
      const synthetic = await auxiliary({ task: 'grade-school-math' });
      assert.deepEqual([synthetic.poolRows, synthetic.heldOut], [6, undefined]);
    });

    it('reports its invalid field', async () => {
      const refusals: [object, FailureCode, string[]][] = [
        [{ task: 'poetry' }, 'TASK_UNKNOWN', ['evaluation.auxiliary[0].task', 'poetry', 'summarization']],
        [
          { data: { source: 'files', test: 'none.jsonl' } },
          'INPUT_MISSING',
          ['evaluation.auxiliary[0].data.test', 'none.jsonl'],
        ],
        [
          { items: 75, data: { source: 'files', test: ifeval } },
          'DEFINITION_INVALID',
          ['evaluation.auxiliary[0].items', '75', '74'],
        ],
        [
          { data: { source: 'files', test: 'train.jsonl' } },
          'DATA_INVALID',
          ['evaluation.auxiliary[0]', 'train.jsonl:1', 'key'],
        ],
        [{ judge: 'ann' }, 'TASK_UNKNOWN', ['evaluation.auxiliary[0].judge', 'ann', 'none is registered']],
      ];
      for (const [one, code, words] of refusals) await assert.rejects(auxiliary(one), refuses(code, words));
    });
  });
});
