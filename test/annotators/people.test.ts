import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { peopleAnnotator } from '../../annotators';
import { BudgetlineError } from '../../contracts/failures';
import type { Problem } from '../../contracts/task';
import { temporaryFolder } from '../support/temporary';

const problems: Problem[] = ['a', 'b', 'c'].map((id) => ({ id, prompt: `${id}?`, expected: '' }));

describe('pure: people as annotators', () => {
  const folder = temporaryFolder();
  const ask = () => {
    const annotator = peopleAnnotator({ name: 'people', description: 'Us.', folder: folder.path() });
    const session = {
      folder: '',
      signal: new AbortController().signal,
      report: () => undefined,
      spent: () => undefined,
    };
    return annotator.demonstrateAll?.(problems, session) ?? Promise.reject(new Error('no batch'));
  };
  const queue = () => readFileSync(folder.at('queue.jsonl'), 'utf8').trimEnd().split('\n').filter(Boolean);
  const answer = (...rows: unknown[]) =>
    writeFileSync(folder.at('answers.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const fails = (code: string, message: RegExp) =>
    assert.rejects(
      ask(),
      (error) => error instanceof BudgetlineError && error.code === code && message.test(error.message),
    );

  it('puts out what is open, waits for all of it, and takes the answers in the order of the problems', async () => {
    await fails('ANNOTATION_PENDING', /3 of 3 rows wait/);
    assert.equal(queue().length, 3);
    answer({ id: 'c', completion: 'C' }, { id: 'a', completion: 'A' });
    await fails('ANNOTATION_PENDING', /1 of 3 rows wait/);
    assert.deepEqual(queue(), ['{"id":"b","prompt":"b?"}']);
    answer({ id: 'c', completion: 'C' }, { id: 'a', completion: 'A' }, { id: 'b', completion: 'B' });
    assert.deepEqual(await ask(), ['A', 'B', 'C']);
    assert.deepEqual(queue(), []);
  });

  it('names the line of an answer that cannot be used', async () => {
    answer({ id: 'a', completion: 'A' }, { id: 'b', completion: '' });
    await fails('DATA_INVALID', /answers\.jsonl:2: completion/);
  });
});
