import assert from 'node:assert/strict';
import type { RunSummary } from '../../../app/run/run-summary';
import { createInk } from '../../../cli/print/ink';
import { renderRuns } from '../../../cli/print/runs';

const run: RunSummary = {
  workflowId: 'approved-tuning-256',
  runId: 'r',
  kind: 'workflow',
  type: 'approvedTuning',
  state: 'RUNNING',
  startedAt: '2026-01-01T10:30:00.000Z',
  closedAt: null,
  sweep: null,
  experiment: 'approved-tuning-256',
  task: 'grade-school-math',
  model: 'embedded',
  sftFraction: 0.5,
  budget: 256,
  digest: 'd',
  stages: ['0123456789ab'],
  sealedWith: null,
  done: { of: 'stages', count: 1, planned: null },
  usd: 1.28,
};
const lineOf = (change: Partial<RunSummary>): string =>
  renderRuns([{ ...run, ...change }], createInk(false))[1]!
    .trim()
    .replace(/ {2,}/g, '  ');

describe('the list of runs', () => {
  it('has a user’s workflow by the name of its function, with its stages and cost', () => {
    assert.equal(
      lineOf({}),
      'approved-tuning-256  approvedTuning  0.5  grade-school-math  running  1 stage  $1.28  2026-01-01 10:30',
    );
  });

  it('has cells with their planned stages, and sweeps with their cells', () => {
    const cell = lineOf({ kind: 'experiment', done: { of: 'stages', count: 1, planned: 5 } });
    assert.match(cell, /cell of 256 rows .*1 of 5 stages/);
    const sweep = { kind: 'sweep', budget: null, done: { of: 'cells', count: 3, planned: 18 } } as const;
    assert.match(lineOf(sweep), / {2}sweep .*3 of 18 cells/);
  });

  it('leaves out what is unknown, and names the key of an encrypted run', () => {
    const sealed = { ...run, done: null, usd: null, sealedWith: 'key-a' };
    const lines = renderRuns([sealed], createInk(false));
    assert.doesNotMatch(lines.join('\n'), /\$|stage/);
    assert.match(lines.at(-1)!, /payload key "key-a"/);
  });
});
