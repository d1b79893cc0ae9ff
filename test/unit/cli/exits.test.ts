import { strict as assert } from 'node:assert';
import {
  exitStatusOf,
  exitStatusOfResult,
  exitStatusOfSignal,
  exitWithFailedCells,
} from '../../../cli/exit-status';
import { toFailure } from '../../../cli/failure';
import { commandOf, resumeCommand } from '../../../cli/resume-command';
import { BudgetlineError, failures, type FailureCode } from '../../../core/failures';
import { sweepFixture } from '../../support/report/sweep-fixture';

describe('exit statuses', () => {
  it('are those of the training executable if it has one, and never 0 or that of failed cells', () => {
    for (const code of Object.keys(failures) as FailureCode[]) {
      const status = exitStatusOf(code);
      assert.equal(status, failures[code].exitCode ?? status);
      assert.ok(status > exitWithFailedCells && status < 128, `${code} ${status}`);
    }
  });

  it('follow sysexits for faults that a user can correct', () => {
    assert.equal(exitStatusOf('DEFINITION_INVALID'), 78);
    assert.equal(exitStatusOf('BUDGET_EXCEEDS_POOL'), 78);
    assert.equal(exitStatusOf('TEMPORAL_MISSING'), 69);
    assert.equal(exitStatusOf('DISK_FULL'), 73);
    assert.equal(exitStatusOf('STORE_UNWRITABLE'), 73);
    assert.equal(exitStatusOfSignal('SIGINT'), 130);
  });

  it('show that a result lacks a cell, a control or a base score', () => {
    const { result } = sweepFixture({ budgets: [64], fractions: [1, 0.5], items: 4 });
    const cell = result.cells[0]!.cell;
    const reason = { code: 'DATA_INVALID', message: 'A row.' };
    const failed = { kind: 'few-shot', of: cell.id, ...reason, stages: [] } as const;
    assert.equal(exitStatusOfResult(result), 0);
    assert.equal(exitStatusOfResult({ ...result, failedCells: [{ cell, ...reason }] }), exitWithFailedCells);
    assert.equal(exitStatusOfResult({ ...result, failedControls: [failed] }), exitWithFailedCells);
    assert.equal(exitStatusOfResult({ ...result, base: null }), exitWithFailedCells);
    const variants = [{ axes: { size: 'small' }, base: null, stageKeys: [] }];
    assert.equal(exitStatusOfResult({ ...result, variants }), exitWithFailedCells);
  });

  it('recognise a coded error of another copy of the package, and assign a code to other errors', () => {
    const foreign = Object.assign(new Error('sft.epochs: is missing'), {
      name: 'BudgetlineError',
      code: 'DEFINITION_INVALID',
      remedy: 'Correct it.',
    });
    assert.equal(toFailure(foreign), foreign);
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC', path: '/data/x' });
    assert.equal(toFailure(full).code, 'DISK_FULL');
    assert.match(toFailure(full).message, /\/data\/x/);
    assert.equal(toFailure(new TypeError('x is undefined')).code, 'INTERNAL');
    assert.equal(
      toFailure(new BudgetlineError('SPEND_LIMIT', 'Too dear.')).remedy,
      failures.SPEND_LIMIT.remedy,
    );
  });
});

describe('the command that continues a run', () => {
  const cwd = '/home/me/study';
  const resumeOf = (argv: string[], env: NodeJS.ProcessEnv = {}): string => resumeCommand({ argv, env, cwd });

  it('is the same command, as it was typed', () => {
    assert.equal(
      resumeOf(['/usr/bin/node', '/usr/local/bin/budgetline', 'run', 'my sweep.ts', '--budgets', '64,256']),
      "budgetline run 'my sweep.ts' --budgets 64,256",
    );
    assert.equal(
      resumeOf(['/usr/bin/node', `${cwd}/dist/cli/main.js`, 'run', 'a.ts'], { BUDGETLINE_HOME: '/data/bl' }),
      'BUDGETLINE_HOME=/data/bl node dist/cli/main.js run a.ts',
    );
  });

  it('is npm start if npm started it, with the arguments for npm', () => {
    const env = {
      npm_lifecycle_event: 'start',
      npm_lifecycle_script: 'npm run --silent build && node dist/cli/main.js run examples/first-sweep.ts',
    };
    const argv = ['/usr/bin/node', `${cwd}/dist/cli/main.js`, 'run', 'examples/first-sweep.ts'];
    assert.equal(resumeOf(argv, env), 'npm start');
    assert.equal(resumeOf([...argv, '--annotator', 'clean'], env), 'npm start -- --annotator clean');
  });

  it('is npx if npx called it', () => {
    const argv = ['/usr/bin/node', `${cwd}/node_modules/.bin/budgetline`, 'run', 'a.ts'];
    assert.equal(
      resumeOf(argv, { npm_command: 'exec', npm_lifecycle_event: 'npx' }),
      'npx budgetline run a.ts',
    );
    const invocation = { argv, env: {}, cwd };
    assert.equal(commandOf(['server', 'stop'], invocation), 'budgetline server stop');
  });
});
