import '../../../support/quiet-runtime';
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import * as app from '../../../../app';
import {
  type Annotator,
  BudgetlineError,
  connect,
  defineSweep,
  gradeSchoolMath,
  gradeSchoolMathDefaults,
  type Problem,
  runSweep,
  type RunProgress,
  type StepMetrics,
  type SweepDefinition,
  type Task,
  withAnnotators,
} from '../../../../index';
import { canonicalJson } from '../../../../core/canonical-json';
import { findEnvironment } from '../../../../app/run/temporal';
import { until } from '../../../support/going-sweep';
import { acquisitionLimitMs } from '../../../support/temporal';
import { temporaryHome } from '../../../support/temporary';
import { examples, runExample } from '../../../support/app/documented';

/** An object of this program, which no worker process knows. */
const careful: Annotator = {
  name: 'careful',
  description: 'Writes the reference answer.',
  demonstrate: (problem: Problem) =>
    gradeSchoolMath.gold(problem as Parameters<typeof gradeSchoolMath.gold>[0]),
};

const tasks = [withAnnotators(gradeSchoolMath as Task, careful)];

const definition = defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'from-a-program',
  annotator: 'careful',
  budgets: [8, 16],
  sftFractions: [1, 0.5],
  evaluation: { items: 12, maxNewTokens: 48 },
  controls: [],
});

describe('a sweep from a program', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryHome();
  const variables = {
    definition,
    runSweep: (sweep: SweepDefinition, options: object) => runSweep(sweep, { ...options, tasks }),
    planSweep: (sweep: SweepDefinition, options: object) => app.planSweep(sweep, { ...options, tasks }),
  };
  let sweepId = '';
  const example = (name: keyof typeof app): Promise<string[]> => runExample(name, { ...variables, sweepId });
  const stateOf = async (id: string): Promise<string | undefined> =>
    (await app.listRuns()).find(({ workflowId }) => workflowId === id)?.state;

  before(() => {
    process.env['BUDGETLINE_HOME'] = folder.path();
  });
  after(() => {
    delete process.env['BUDGETLINE_HOME'];
  });

  it('is planned with objects of the program, and starts nothing', async () => {
    const { plan, summary, store, home } = await app.planSweep(definition, { tasks });
    ({ sweepId } = plan);
    assert.deepEqual([home, store.name], [folder.path(), folder.path()]);
    assert.deepEqual([summary.cells, summary.cachedStages], [4, 0]);
    assert.deepEqual(await example('planSweep'), [
      `${summary.uniqueStages} stages to run, ${summary.toBuyUsd} US dollars`,
    ]);
    await assert.rejects(app.planSweep(definition), { code: 'TASK_UNKNOWN' });
    const other = await app.planSweep(definition, { annotators: [careful] });
    assert.equal(other.summary.cells, 4);
  });

  it('reports progress and metrics, is steered, and continues on the server if the call is aborted', async () => {
    const controller = new AbortController();
    const [seen, metrics]: [RunProgress[], StepMetrics[]] = [[], []];
    const running = runSweep(definition, {
      tasks,
      onProgress: (progress) => seen.push(progress),
      onMetric: (metric) => metrics.push(metric),
      signal: controller.signal,
    });
    running.catch(() => undefined);
    await until('a worker answers', () =>
      Promise.resolve(seen.some(({ status }) => status.progress !== null)),
    );
    await example('pauseRun');
    const { progress } = await app.readStatus(sweepId);
    assert.equal(progress?.of === 'sweep' && progress.sweep.paused, 'yield');
    await example('setConcurrency');
    await example('resumeRun');
    // Step 0 has the held-out loss alone.
    const isStep = ({ values }: StepMetrics): boolean => 'loss' in values;
    await until('a step is logged', () => Promise.resolve(metrics.some(isStep)));
    controller.abort(new Error('enough'));
    await assert.rejects(running, /^Error: enough$/);
    assert.equal(await stateOf(sweepId), 'RUNNING');
    const { stage, cells, values } = metrics.find(isStep)!;
    const { plan } = await app.planSweep(definition, { tasks });
    const users = plan.cells.filter(({ stages }) => stages.some(({ key }) => key === stage.key));
    assert.deepEqual([...cells].sort(), users.map(({ cell }) => cell.id).sort());
    assert.match(stage.kind, /^train/);
    for (const name of ['loss', 'grad_norm', 'learning_rate']) assert.ok(name in values, name);
  });

  it('is continued by the same call, which returns its result, analysis and report', async () => {
    const printed = await example('runSweep');
    const path = printed.at(-1) ?? '';
    assert.ok(existsSync(path), path);
    assert.deepEqual(
      printed.slice(-3, -1).map((line) => line.split(' ')[0]),
      ['8', '16'],
    );
    assert.equal(await stateOf(sweepId), 'COMPLETED');
  });

  it('is read, reported, listed, audited and verified when it has finished', async () => {
    const { cachedStages, uniqueStages } = (await app.planSweep(definition, { tasks })).summary;
    assert.equal(cachedStages, uniqueStages);
    const stored = await app.readResult(sweepId);
    assert.deepEqual([stored.result.cells.length, stored.result.failedCells], [4, []]);
    assert.equal((await example('readResult'))[0], `4 ${stored.analyses[0]?.answer}`);
    const report = await app.writeReport(stored);
    rmSync(report.path);
    assert.deepEqual(await example('writeReport'), [report.path]);
    assert.equal(canonicalJson(report.parts[0].analysis), canonicalJson(stored.analyses[0]));
    assert.ok((await example('listRuns')).includes(`${sweepId} COMPLETED`));
    assert.deepEqual(await example('readStatus'), ['COMPLETED 4']);
    const { stages, totals } = await app.auditRun(sweepId);
    assert.deepEqual(await example('auditRun'), [`${stages.length} ${totals.attempts}`]);
    assert.equal(stored.result.tests.length, 3, 'the base model and two best splits');
    assert.equal(stages.length, uniqueStages + stored.result.tests.length);
    assert.match((await example('verifyRun'))[0] ?? '', /^true /);
    const elsewhere = await app.writeReport(stored, { out: folder.at('elsewhere') });
    assert.deepEqual(readFileSync(elsewhere.path), readFileSync(report.path));
    assert.equal(dirname(elsewhere.scoresPath ?? ''), folder.at('elsewhere'));
    await assert.rejects(app.writeReport(stored, { home: folder.at('other-home') }), {
      code: 'INPUT_MISSING',
    });
    await assert.rejects(app.readResult('none'), { code: 'INPUT_MISSING' });
  });

  it('reuses finished stages when it runs again, with a client of the program', async () => {
    const [client, metrics]: [Awaited<ReturnType<typeof connectHere>>, StepMetrics[]] = [
      await connectHere(),
      [],
    ];
    const onMetric = (metric: StepMetrics): void => void metrics.push(metric);
    const { result } = await runSweep(definition, { tasks, client, onMetric });
    assert.deepEqual([result.cells.length, metrics], [4, []]);
    assert.equal((await client.workflow.getHandle(sweepId).describe()).status.name, 'COMPLETED');
    await client.connection.close();
  });

  it('ends with RUN_ENDED if it is cancelled', async () => {
    const other = defineSweep({ ...definition, name: 'cancelled', seeds: [1] });
    const { plan } = await app.planSweep(other, { tasks });
    let cancelling: Promise<unknown> | undefined;
    const onProgress = ({ status }: RunProgress): void => {
      if (status.progress !== null) cancelling ??= runExample('cancelRun', { sweepId: plan.sweepId });
    };
    const running = runSweep(other, { tasks, onProgress });
    const error: unknown = await running.catch((reason: unknown) => reason);
    await cancelling;
    assert.ok(error instanceof BudgetlineError && error.code === 'RUN_ENDED', String(error));
  });

  it('has an example in the comment of every function', async () => {
    const functions = Object.entries(app).filter(([, value]) => typeof value === 'function');
    assert.deepEqual(
      functions.map(([name]) => name).filter((name) => !examples.has(name)),
      [],
    );
    assert.deepEqual(await runExample('loadDefinition'), ['6']);
    assert.equal((await runExample('readResults')).length, 4);
    assert.match((await runExample('analyzeResults'))[0] ?? '', /^0\.5 /);
  });
});

function connectHere(): ReturnType<typeof connect> {
  return findEnvironment(process.env['BUDGETLINE_HOME'] ?? '', {}).then((env) => connect({ env }));
}
