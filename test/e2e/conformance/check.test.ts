import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { checkExecutable, type Finding } from '../../../conformance';
import { call, root } from '../../support/cli/executable';

const model = resolve(root, 'models', 'tiny-math');
const ours = resolve(root, 'dist', 'bin', 'budgetline-trainer.js');
const broken = resolve(root, 'test', 'support', 'broken-trainer.js');

describe('the conformance check', function () {
  this.timeout(300_000);

  it('passes every rule for our trainer', async () => {
    const findings: Finding[] = [];
    const command = [process.execPath, ours];
    for await (const finding of checkExecutable({ command, model })) findings.push(finding);
    assert.deepEqual(
      findings.filter((finding) => finding.broken !== null),
      [],
    );
    assert.ok(findings.length > 25);
  });

  it('reports broken and kept rules of another executable, on the command line too', async () => {
    const { status, stdout } = await call(['trainer', 'check', '--no-color', broken]);
    assert.equal(status, 76, stdout);
    const lines = stdout.split('\n');
    const verdictOf = (rule: RegExp): string | undefined =>
      lines
        .find((line) => rule.test(line))
        ?.trim()
        .split(' ')[0];
    for (const rule of [/hello is first/, /the result lists every file/, /without BUDGETLINE_EVENTS_FD/])
      assert.equal(verdictOf(rule), 'passed', String(rule));
    for (const rule of [
      /every step has a metric event/,
      /held-out rows change no weight/,
      /SIGTERM: a checkpoint/,
      /the end of standard input/,
      /a job that was killed continues/,
      /a second process/,
      /a device that another living process uses/,
      /an unknown command, or another one than the job’s/,
      /an unknown field is refused/,
      /a missing input is refused/,
      /a finished job is not run again/,
      /the loss ln 2/,
    ])
      assert.equal(verdictOf(rule), 'FAILED', String(rule));
    assert.match(stdout, /exists\s+after\s+a\s+failure/);
    assert.match(stdout, /\d+ of \d+ rules passed, \d+ failed\./);
  });
});
