import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { checkExecutable, type Finding } from '../../conformance';
import { call, root } from '../cli/support';

const model = resolve(root, 'models', 'tiny-math');
const ours = resolve(root, 'dist', 'bin', 'budgetline-trainer.js');
const broken = resolve(root, 'test', 'support', 'broken-trainer.js');

describe('slow: the conformance check', function () {
  this.timeout(300_000);

  it('finds every rule kept by our trainer', async () => {
    const findings: Finding[] = [];
    const command = [process.execPath, ours];
    for await (const finding of checkExecutable({ command, model })) findings.push(finding);
    assert.deepEqual(
      findings.filter((finding) => finding.broken !== null),
      [],
    );
    assert.ok(findings.length > 25);
  });

  it('finds what another one breaks and what it keeps, and says so on the command line', async () => {
    const { status, stdout } = await call(['trainer', 'check', '--no-color', broken]);
    assert.equal(status, 76, stdout);
    const lines = stdout.split('\n');
    const verdictOf = (rule: RegExp): string | undefined =>
      lines
        .find((line) => rule.test(line))
        ?.trim()
        .split(' ')[0];
    for (const rule of [
      /hello comes first/,
      /the result names every file/,
      /without a descriptor of their own/,
    ])
      assert.equal(verdictOf(rule), 'kept', String(rule));
    for (const rule of [
      /a metric event follows every step/,
      /SIGTERM asks for a checkpoint/,
      /the end of standard input/,
      /killed between checkpoints/,
      /a second process/,
      /a device on which another process computes/,
      /an unknown command, or one that is not the job’s/,
      /an unknown field is refused/,
      /a missing input is refused/,
      /a finished job is not run again/,
      /the loss ln 2/,
    ])
      assert.equal(verdictOf(rule), 'BROKEN', String(rule));
    assert.match(stdout, /exists\s+after\s+a\s+failure/);
    assert.match(stdout, /\d+ of \d+ rules kept, \d+ broken\./);
  });
});
