import '../../../support/quiet-runtime';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  auditRun,
  defineSweep,
  gradeSchoolMathDefaults,
  planSweep,
  readStatus,
  type RunProgress,
  runSweep,
  type StepMetrics,
  type SweepOutcome,
  verifyRun,
} from '../../../../index';
import { renderTimeline } from '../../../../cli/print/timeline';
import { createInk } from '../../../../cli/print/ink';
import { acquisitionLimitMs } from '../../../support/temporal';
import { temporaryHome } from '../../../support/temporary';

const definition = defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'branching-sweep',
  annotator: 'clean',
  budgets: [32],
  sftFractions: [0.5],
  evaluation: { items: 8, maxNewTokens: 48 },
  // Long enough to be seen by a poll a second.
  preference: { ...gradeSchoolMathDefaults.preference, epochs: 30 },
  controls: [],
  pipeline: {
    module: join(__dirname, '..', '..', '..', 'support', 'toys', 'until-solved.ts'),
    export: 'untilSolved',
  },
});

describe('slow: a sweep whose pipeline branches on a result', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryHome();
  const [seen, metrics]: [RunProgress[], StepMetrics[]] = [[], []];
  let outcome: SweepOutcome;
  let sweepId = '';

  before(async () => {
    process.env['BUDGETLINE_HOME'] = folder.path();
    const onProgress = (progress: RunProgress): void => void seen.push(progress);
    const onMetric = (metric: StepMetrics): void => void metrics.push(metric);
    outcome = await runSweep(definition, { onProgress, onMetric });
    ({ sweepId } = outcome.result);
    assert.deepEqual(outcome.result.failedCells, []);
  });
  after(() => {
    delete process.env['BUDGETLINE_HOME'];
  });

  const cell = () => outcome.result.cells[0]!;
  const repair = () => cell().stages.find(({ kind }) => kind === 'trainPreference')!;

  it('reports a stage that no plan knew under its name, with its metrics', () => {
    assert.match(repair().title, /^repair: /);
    assert.ok(seen.every(({ continues }) => continues));
    const titles = seen.flatMap(({ status }) => status.running.map(({ stage }) => stage?.title));
    assert.ok(titles.includes(repair().title), [...new Set(titles)].join('\n'));
    const steps = metrics.filter(({ stage }) => stage.key === repair().key);
    assert.ok(steps.length > 0);
    assert.deepEqual(steps[0]?.cells, [cell().cell.id]);
    assert.ok(seen.every(({ status, stages }) => status.finished.size <= stages));
  });

  it('is scored by its last evaluation, and has the first one in its report', async () => {
    const { evaluation, stages, unplanned = [] } = cell();
    assert.equal(stages.at(-1)?.key, evaluation.key);
    assert.deepEqual(
      unplanned.map(({ key }) => key),
      stages.slice(-3).map(({ key }) => key),
    );
    const page = readFileSync(outcome.report.path, 'utf8').replace(/\s+/g, ' ');
    assert.match(page, /Other evaluations of the pipeline.*?warm start: /);
    assert.match(page, /Stages of every cell.*?repair: .*? \* →/);
    const { summary } = await planSweep(definition);
    assert.equal(summary.cachedStages, summary.uniqueStages, 'the plan knows the stages before the branch');
  });

  it('is audited by the names of its stages, and verified', async () => {
    const timeline = await auditRun(sweepId);
    const lines = renderTimeline(timeline, createInk(false)).join('\n');
    assert.match(lines, /warm start: /);
    assert.match(lines, /repair: /);
    const { progress } = await readStatus(cell().cell.id);
    assert.ok(progress?.of === 'experiment');
    assert.ok(progress.experiment.finished.some(({ title }) => title === repair().title));
    const { passed, complete, checks } = await verifyRun(sweepId);
    assert.deepEqual([passed, complete], [true, true], JSON.stringify(checks, undefined, 2));
  });
});
