import { strict as assert } from 'node:assert';
import { ApplicationFailure } from '@temporalio/activity';
import { toActivityFailure, withCode } from '../../../activities/failures';
import { BudgetlineError, failures, type FailureCode } from '../../../core/failures';

function applicationFailure(error: BudgetlineError): ApplicationFailure {
  const failure = toActivityFailure(error);
  assert.ok(failure instanceof ApplicationFailure);
  return failure;
}

const mapped = (code: FailureCode): ApplicationFailure =>
  applicationFailure(new BudgetlineError(code, `It is ${code}.`, { details: { line: 7 } }));

const codes = Object.keys(failures) as FailureCode[];

describe('failures of activities', () => {
  it('have the code as their type, and are retried as the table says; user errors are never retried', () => {
    for (const code of codes)
      assert.deepEqual([mapped(code).type, mapped(code).nonRetryable], [code, !failures[code].retried]);
    const users = ['USAGE', 'DATA_INVALID', 'INPUT_MISSING', 'CONFIG_INVALID', 'DEFINITION_INVALID'] as const;
    for (const code of users) assert.equal(mapped(code).nonRetryable, true, code);
  });

  it('carry the remedy and the details, in few bytes', () => {
    const remedy = failures.DATA_INVALID.remedy;
    assert.deepEqual(mapped('DATA_INVALID').details, [{ remedy, line: 7 }]);
    const long = new BudgetlineError('DATA_INVALID', 'x'.repeat(1e6), { details: { text: 'y'.repeat(1e6) } });
    const { message, details } = applicationFailure(long);
    assert.ok(message.length + JSON.stringify(details).length < 4_000);
  });

  it('never ask for a delay of 0, which would end the retries', () => {
    for (const { nextRetryDelay } of codes.map(mapped))
      assert.notEqual(Number.parseInt(String(nextRetryDelay ?? 1)), 0);
    assert.equal(mapped('TRAINER_YIELDED').nextRetryDelay, '1ms');
  });

  it('poll for the answers of people ever less often: each attempt adds lines to a ledger', () => {
    const delays = [1, 3, 1000].map((attempt) => {
      const failure = toActivityFailure(new BudgetlineError('ANNOTATION_PENDING', 'Not yet.'), attempt);
      return 'nextRetryDelay' in failure ? String(failure.nextRetryDelay) : '';
    });
    assert.deepEqual(delays, ['5s', '8s', '300s']);
  });

  it('without a code are bugs of a task or of ours, except those of a full disk', () => {
    assert.equal(withCode(new TypeError('x is undefined')).code, 'INTERNAL');
    assert.equal(withCode(Object.assign(new Error('full'), { code: 'ENOSPC' })).code, 'DISK_FULL');
  });
});
