import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { resolveDefinition } from '../../client';
import type { SweepInput } from '../../contracts/definition';
import { BudgetlineError } from '../../contracts/failures';
import type { FailureCode } from '../../contracts/failures';
import { planSweep } from '../../planning';
import { defineSweep } from '../../planning/define';
import { gradeSchoolMathDefaults } from '../../tasks';
import { builtInTasks } from '../../workers';
import { temporaryFolder } from '../support/temporary';

const row = (n: number): string =>
  JSON.stringify({
    question: `Ann has ${n} pens and buys ${n + 1}. How many?`,
    answer: `${n}+${n + 1}=${2 * n + 1}\n#### ${2 * n + 1}`,
  });

describe('pure: resolving a definition', () => {
  const folder = temporaryFolder();
  const resolve = (change: Partial<SweepInput>) =>
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
      { tasks: builtInTasks, baseDir: folder.path() },
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

  it('takes model and files by content: equal bytes elsewhere are the same plan', async () => {
    write('copy.jsonl', [1, 2, 3, 4, 5, 6].map(row));
    const [one, other] = [
      await resolve(files('train.jsonl', 'test.jsonl')),
      await resolve(files('copy.jsonl', 'test.jsonl')),
    ];
    assert.equal(one.poolRows, 6);
    assert.equal(one.model.parameters, 820_736, 'by the headers of its safetensors');
    assert.notEqual(one.files['train']?.path, other.files['train']?.path);
    assert.equal(planSweep(one).sweepId, planSweep(other).sweepId);
    write('copy.jsonl', [1, 2, 3, 4, 5, 7].map(row));
    const changed = await resolve(files('copy.jsonl', 'test.jsonl'));
    assert.notEqual(planSweep(changed).sweepId, planSweep(one).sweepId);
  });

  it('names a missing file by field and path', async () => {
    const path = folder.at('nowhere.jsonl');
    await assert.rejects(
      resolve(files('nowhere.jsonl', 'test.jsonl')),
      refuses('INPUT_MISSING', ['data.train', path]),
    );
  });

  it('names a malformed row by file and line', async () => {
    const path = folder.at('broken.jsonl');
    await assert.rejects(resolve(files('broken.jsonl', 'test.jsonl')), refuses('DATA_INVALID', [path, '2']));
  });

  it('names a model folder that is not there', async () => {
    await assert.rejects(resolve({ model: 'no-model' }), refuses('INPUT_MISSING', [folder.at('no-model')]));
  });

  it('names tasks and annotators that nobody knows, and those that there are', async () => {
    await assert.rejects(
      resolve({ task: 'poetry' }),
      refuses('TASK_UNKNOWN', ['poetry', 'grade-school-math']),
    );
    await assert.rejects(resolve({ annotator: 'ann' }), refuses('TASK_UNKNOWN', ['ann', 'majority-error']));
  });

  it('refuses to evaluate on more items than there are', async () => {
    const change = { ...files('train.jsonl', 'test.jsonl'), evaluation: { items: 3, maxNewTokens: 8 } };
    await assert.rejects(resolve(change), refuses('DEFINITION_INVALID', ['evaluation.items', '3', '2']));
  });
});
