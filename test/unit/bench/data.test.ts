import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeQuestionData } from '../../../bench/data';
import type { DemonstrationRow, PreferenceRow } from '../../../schemas/rows';
import { writeRows } from '../../support/trainer/trainer-process';

const read = <Row>(path: string): Row[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);

describe('full-length problems of the benchmark', () => {
  const folder = mkdtempSync(join(tmpdir(), 'budgetline-bench-test-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const source = writeRows(
    join(folder, 'train.jsonl'),
    Array.from({ length: 5 }, (_, i) => ({
      question: `${i} and 2?`,
      answer: `${i}+2=${i + 2}\n#### ${i + 2}`,
    })),
  );

  it('train on the first rows and hold out the last ones', () => {
    const data = writeQuestionData(folder, source, { rows: 3, pairs: 2, heldOut: 1 });
    const rows = read<DemonstrationRow>(data.demonstrations);
    assert.deepEqual(
      rows.map(({ prompt }) => prompt),
      ['Q: 0 and 2?\nA:', 'Q: 1 and 2?\nA:', 'Q: 2 and 2?\nA:'],
    );
    assert.equal(rows[1]?.completion, ' 1+2=3\n#### 3');
    assert.equal(read<DemonstrationRow>(data.heldOutDemonstrations)[0]?.prompt, 'Q: 4 and 2?\nA:');
    assert.throws(() => writeQuestionData(folder, source, { rows: 5, pairs: 1, heldOut: 1 }), /too few/);
  });

  it('have a rejected solution of the same length with every digit changed', () => {
    const [pair] = read<PreferenceRow>(
      writeQuestionData(folder, source, { rows: 1, pairs: 1, heldOut: 1 }).pairs,
    );
    assert.equal(pair?.chosen, ' 0+2=2\n#### 2');
    assert.equal(pair.rejected, ' 3+7=7\n#### 7');
  });
});
