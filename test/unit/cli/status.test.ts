import assert from 'node:assert/strict';
import { createInk } from '../../../cli/print/ink';
import { renderStatus } from '../../../cli/print/status';
import type { RunStatus } from '../../../client';
import { finalSweepProgress } from '../../../client/finished';
import type { SweepProgress } from '../../../contracts/results';
import { sweepFixture } from '../../support/report/sweep-fixture';

const ink = createInk(false);
const cell = {
  id: 'tiny-0123-b64-r0.5-s0',
  task: 't',
  model: 'm',
  annotator: 'a',
  budget: 64,
  sftFraction: 0.5,
  seed: 0,
  sftRows: 32,
  pairRows: 32,
};
const sweep: SweepProgress = {
  phase: 'cells',
  paused: 'yield',
  maxConcurrentCells: 4,
  baseScore: 0.225,
  controls: [],
  tests: [],
  cells: [
    { cell, state: 'done', score: 0.5, workflowId: cell.id },
    { cell: { ...cell, sftFraction: 0 }, state: 'waiting', workflowId: 'other' },
    { cell: { ...cell, sftFraction: 1 }, state: 'skipped', workflowId: 'third' },
  ],
};
const status: RunStatus = {
  workflowId: 'tiny-0123',
  kind: 'sweep',
  type: 'allocationSweep',
  failure: null,
  children: [],
  runId: 'r',
  state: 'RUNNING',
  closedAt: null,
  pending: [],
  startedAt: '2026-01-01T00:00:00.000Z',
  progress: { of: 'sweep', sweep },
};

describe('the status of a run', () => {
  it('prints whether it is paused, the number of cells by state, and each cell with its id', () => {
    const text = renderStatus(status, ink).join('\n');
    assert.match(text, /tiny-0123 is running, paused \(stages released their devices\)/);
    assert.match(text, /3 cells: 1 done, 1 waiting, 1 skipped; at most 4 at once. Base model 0\.225/);
    assert.ok(text.includes(cell.id));
    assert.doesNotMatch(text, /warnings/);
    const cells = sweep.cells.map((each) => ({ ...each, warnings: 2 }));
    const warned = renderStatus({ ...status, progress: { of: 'sweep', sweep: { ...sweep, cells } } }, ink);
    assert.match(warned.join('\n'), /score\s+warnings/);
    const labels = [{ source: null, counts: { labelledAgain: 4, labelledAlike: 1 }, patterns: [] }];
    const labelled = renderStatus({ ...status, progress: { of: 'sweep', sweep: { ...sweep, labels } } }, ink);
    assert.ok(labelled.includes('  Labels of evaluations: 1 of 4 repeated labels agree'));
  });

  it('prints the codes of failed and skipped cells', () => {
    const { result } = sweepFixture({ items: 20 });
    const [first, second, ...cells] = result.cells;
    const failedCells = [
      { cell: first!.cell, code: 'DATA_INVALID', message: 'row 3' },
      { cell: second!.cell, code: 'SPEND_LIMIT', message: 'Not started.' },
    ];
    const spend = { usd: 1, skipped: [second!.cell.id] };
    const ended = finalSweepProgress({ ...result, cells, failedCells, spend });
    const text = renderStatus({ ...status, progress: { of: 'sweep', sweep: ended } }, ink).join('\n');
    assert.match(text, / failed \(DATA_INVALID\) /);
    assert.match(text, / skipped \(SPEND_LIMIT\) /);
  });

  it('prints scores of auxiliary tasks with intervals, for the base and each cell', () => {
    const score = (value: number) => ({ name: 'ifeval', score: value, scoreLow: 0.25, scoreHigh: 0.75 });
    const [done, ...others] = sweep.cells;
    const changed = {
      ...sweep,
      baseAuxiliary: [score(0.5)],
      cells: [{ ...done!, auxiliary: [score(0.375)] }, ...others],
    };
    const lines = renderStatus({ ...status, progress: { of: 'sweep', sweep: changed } }, ink);
    const text = lines.join('\n');
    assert.match(text, /Base model 0\.225, ifeval 0\.500\s+\(0\.250–0\.750\)\./);
    assert.match(text, /score +ifeval +id\n/);
    assert.ok(
      lines.some((line) => line.includes('0.500  0.375 (0.250–0.750)  tiny-0123-b64-r0.5-s0')),
      text,
    );
  });

  it('prints spending on annotators and judges, if any, and its limit', () => {
    const linesWith = (spend: SweepProgress['spend'] & object): string[] =>
      renderStatus({ ...status, progress: { of: 'sweep', sweep: { ...sweep, spend } } }, ink);
    assert.ok(linesWith({ usd: 1.5 }).includes('  Paid for annotation: $1.50 (work that has ended).'));
    assert.ok(
      linesWith({ usd: 0, limitUsd: 5 }).includes(
        '  Paid for annotation: $0.00 of at most $5.00 (work that has ended).',
      ),
    );
    assert.deepEqual(linesWith({ usd: 0 }), renderStatus(status, ink));
  });

  it('sorts cells like the tables, in any order of the plan, and counts controls', () => {
    const places = [
      { ...cell, id: 'far', budget: 256 },
      { ...cell, id: 'slip', axes: { annotator: 'slip' } },
      { ...cell, id: 'none', sftFraction: 0 },
      { ...cell, id: 'later', seed: 1 },
      { ...cell, id: 'first' },
    ];
    const cells = places.map((place) => ({ cell: place, state: 'done', workflowId: place.id }) as const);
    const controls = [
      { id: 'a', state: 'done' },
      { id: 'b', state: 'running' },
    ] as const;
    const lines = renderStatus(
      { ...status, progress: { of: 'sweep', sweep: { ...sweep, cells, controls } } },
      ink,
    );
    assert.match(lines.join(' '), /Controls: 1 done,\s+1\s+running\./);
    const ids = lines.slice(-cells.length).map((line) => line.split(/\s+/).at(-1));
    assert.deepEqual(ids, ['first', 'later', 'none', 'far', 'slip']);
  });

  it('prints a finished sweep from its result, with unfinished controls', () => {
    const { result } = sweepFixture({ budgets: [64], fractions: [1, 0.5, 0] });
    const left = { ...cell, id: 'left', seed: 7 };
    const stopped = { ...cell, seed: 8 };
    const failedCells = [left, stopped].map((each) => ({
      cell: each,
      code: 'SPEND_LIMIT',
      message: 'The limit.',
    }));
    const reason = { of: cell.id, code: 'SPEND_LIMIT', message: 'The limit.', stages: [] };
    const failedControls = (['few-shot', 'beta'] as const).map((kind) => ({ kind, ...reason }));
    const spend = { usd: 2.5, skipped: [left.id, `${cell.id}/beta`] };
    const progress = finalSweepProgress({ ...result, spend, failedCells, failedControls });
    const lines = renderStatus(
      { ...status, state: 'COMPLETED', progress: { of: 'sweep', sweep: progress } },
      ink,
    );
    assert.match(lines.join('\n'), /has completed\.\n {2}5 cells: 3 done, 1 failed, 1 skipped\. Base model/);
    assert.match(lines.join(' '), /Controls: 1 done, 1 failed,\s+1 skipped\./);
    assert.ok(lines.includes('  Paid for annotation: $2.50 (work that has ended).'));
    for (const { cell: each } of result.cells) assert.ok(lines.some((line) => line.endsWith(each.id)));
  });

  it('prints how a run ended, and that it can be started again', () => {
    const [head = ''] = renderStatus({ ...status, state: 'CANCELLED' }, ink);
    assert.match(head, /was cancelled; start it again/);
    assert.doesNotMatch(head, /paused/);
  });

  it('prints a cell by its stages, and a run for which no worker answers', () => {
    const cost = { wallMs: 0, deviceMs: 0, cpuMs: 0, tokens: 0, attempts: 1, verifierCalls: 0 };
    const warnings = [{ code: 'OVERLENGTH', message: '3 rows were dropped.' }];
    const named = {
      key: 'd',
      kind: 'synthesizeData',
      makes: 'rows',
      title: '16 preferences of a file',
      digest: '',
    } as const;
    const metrics = { labelledAgain: 4, labelledAlike: 1 };
    const rowSource = { what: 'user-preferences', from: 'digest', label: 'user preferences' } as const;
    const done = { ...named, rowSource, cached: false, ledgerHead: null, metrics, cost, usd: 0, warnings };
    const titles = ['SFT on 32 demonstrations', 'SFT on 16 demonstrations'];
    const running = titles.map((title) => ({ key: title, kind: 'trainSft', title }));
    const found = { items: 4, score: 0.5, scoreLow: 0.25, scoreHigh: 0.75 };
    const evaluation = {
      ...done,
      kind: 'evaluate',
      makes: 'scores',
      metrics: found,
      auxiliary: [{ name: 'ifeval', metric: 'instructions kept', metrics: found, scores: {} }],
    } as const;
    const experiment = { finished: [done, evaluation], running, failed: [], paused: null };
    const lines = renderStatus({ ...status, progress: { of: 'experiment', experiment } }, ink);
    for (const title of titles) assert.ok(lines.includes(`  running  ${title}`), lines.join('\n'));
    assert.ok(lines.includes('           ! OVERLENGTH: 3 rows were dropped.'), lines.join('\n'));
    assert.ok(lines.includes('           1 of 4 repeated labels agree'), lines.join('\n'));
    const of = lines.indexOf('           score 0.500 (0.250–0.750)');
    assert.equal(lines[of + 1], '           ifeval 0.500 (0.250–0.750)', lines.join('\n'));
    assert.match(renderStatus({ ...status, progress: null }, ink).join('\n'), /no worker answers/);
  });

  it('prints a workflow of the user: failures with remedies, retried stages, and the sweeps that it started', () => {
    const named = { key: 'k', kind: 'trainSft', title: 'SFT on 8 demonstrations' };
    const reason = { code: 'POOL_EXHAUSTED', message: 'Too few prompts.' };
    const own: RunStatus = {
      ...status,
      kind: 'workflow',
      type: 'approvedTuning',
      state: 'FAILED',
      failure: { code: 'NOT_NEEDED', message: 'The base model is good enough.' },
      progress: {
        of: 'experiment',
        experiment: { paused: null, finished: [], running: [], failed: [{ ...named, ...reason }] },
      },
      children: [{ workflowId: 'child', type: 'allocationSweep' }],
    };
    assert.deepEqual(renderStatus(own, ink), [
      'tiny-0123 (approvedTuning) failed.',
      '  NOT_NEEDED: The base model is good enough.',
      '  failed   SFT on 8 demonstrations',
      '           POOL_EXHAUSTED: Too few prompts.',
      '           What to do: Enlarge the pool, raise pairs.candidates, or take the chosen answer from',
      '           "gold".',
      '  started  child (allocationSweep)',
    ]);
    const lastFailure = { code: 'TRAINER_CRASHED', message: 'Killed.' };
    const retried = {
      stageKey: 'k',
      type: 'trainSft',
      state: 'retrying',
      attempt: 2,
      progress: undefined,
      lastFailure,
    } as const;
    const experiment = { paused: null, finished: [], running: [named], failed: [] };
    const running = { ...own, state: 'RUNNING', failure: null, children: [], pending: [retried] };
    const lines = renderStatus({ ...running, progress: { of: 'experiment', experiment } }, ink);
    assert.deepEqual(lines.slice(1, 3), [
      '  retried  SFT on 8 demonstrations',
      '           TRAINER_CRASHED: Killed.',
    ]);
    const empty = { of: 'experiment', experiment: { ...experiment, running: [] } } as const;
    assert.equal(renderStatus({ ...running, progress: empty }, ink)[1], '  No stage was called yet.');
  });
});
