import { strict as assert } from 'node:assert';
import { analyzeResults, type BudgetlineError, type ResultRow } from '../../../../index';

const row = { task: 't', model: 'm', budget: 100, sftFraction: 1, score: 0.5 };

function refusal(rows: readonly unknown[]): string {
  try {
    analyzeResults(rows as ResultRow[]);
  } catch (error) {
    const { code, message } = error as BudgetlineError;
    assert.equal(code, 'DATA_INVALID');
    return message;
  }
  return 'no error';
}

describe('scores from a program', () => {
  it('are analysed by task, with the base model and the axes', () => {
    const rows = ['x', 'y'].flatMap((task) => [
      { ...row, task, budget: 0, sftFraction: 0, score: 0.1 },
      { ...row, task, axes: { annotator: 'slip' } },
      { ...row, task, axes: { annotator: 'slip' }, sftFraction: 0.5, score: 0.7 },
    ]);
    const analyses = analyzeResults(rows);
    assert.deepEqual(
      analyses.map(({ task, axes, base, budgets }) => [
        ...[task, axes, base?.score.estimate, budgets[0]?.sftFraction],
      ]),
      ['x', 'y'].map((task) => [task, { annotator: 'slip' }, 0.1, 0.5]),
    );
    const counts = analyses[0]?.cells.map(({ sftRows, pairRows }) => `${sftRows} + ${pairRows}`);
    assert.deepEqual(counts?.sort(), ['100 + 0', '50 + 50']);
  });

  it('are refused by row and field', () => {
    assert.match(refusal([row, { ...row, seed: 1, score: 50 }]), /^rows\[1\]\.score: .*1/);
    assert.match(refusal([{ ...row, fraction: 1 }]), /^rows\[0\].*fraction/);
    assert.equal(refusal([row, { ...row, seed: 1 }, row]), 'rows[2] is the same cell as rows[0].');
  });
});
