import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BudgetlineError, failureOfExitCode, failures, type FailureCode } from '../../../core/failures';
import { describeFailures } from '../../../scripts/errors-doc';

const codes = Object.keys(failures) as FailureCode[];

describe('failures', () => {
  it('are all in docs/errors.md, and no others', () => {
    const page = readFileSync(join(__dirname, '../../../docs/errors.md'), 'utf8');
    assert.equal(page, describeFailures(), 'write it again with: npx ts-node scripts/errors-doc.ts');
    const headings = [...page.matchAll(/^## (\w+)$/gm)].map(([, code]) => code);
    assert.deepEqual(headings, codes);
  });

  it('have unique exit statuses, which map back to the code', () => {
    for (const code of codes) {
      const { exitCode } = failures[code];
      if (exitCode === undefined) continue;
      assert.equal(failureOfExitCode(exitCode), code);
      assert.ok(exitCode >= 64 && exitCode <= 79, `${code}: ${exitCode} is outside of sysexits`);
    }
    assert.equal(failureOfExitCode(0), undefined);
    assert.equal(failureOfExitCode(1), undefined);
  });

  it('set the remedy of an error, unless it has its own', () => {
    assert.equal(new BudgetlineError('DISK_FULL', 'full').remedy, failures.DISK_FULL.remedy);
    assert.equal(new BudgetlineError('DISK_FULL', 'full', { remedy: 'Empty it.' }).remedy, 'Empty it.');
  });
});
