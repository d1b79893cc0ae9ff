import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import {
  auditRun,
  cancelRun,
  listRuns,
  pauseRun,
  readStatus,
  resumeRun,
  setConcurrency,
  verifyRun,
} from '../../../app';
import type { RunSummary } from '../../../app/run/run-summary';
import { canonicalJson } from '../../../core/canonical-json';
import { connect, type RunFilter, type RunStatus } from '../../../client';
import type { ResolvedExperiment, ResolvedSweep } from '../../../contracts/resolved';
import { experimentOf, gridOf, sweepIdOf } from '../../../planning';
import { connectWorker, createWorker, type StageWorker } from '../../../workers';
import { call } from '../../support/cli/executable';
import { resolveTinySweep } from '../../support/sweep-bench';
import { acquisitionLimitMs, testServer } from '../../support/temporal';
import { temporaryHome } from '../../support/temporary';

const workflowsPath = join(__dirname, '..', '..', 'support', 'own-workflows.ts');
const odd = 'team/a run: ü 1';
const prices = { sftExample: 0.01, preferencePair: 0.01 };

describe('workflows of the user', function () {
  this.timeout(acquisitionLimitMs);
  const homes = temporaryHome();
  let home = '';
  let client: Client;
  let resolved: ResolvedExperiment;
  let sweep: ResolvedSweep;
  let stop: () => Promise<void>;

  const start = (type: string, workflowId: string, args: unknown[] = [resolved]): Promise<WorkflowHandle> =>
    client.workflow.start(type, { taskQueue: 'own', workflowId, args });

  const execute = async (type: string, workflowId: string, args?: unknown[]): Promise<unknown> =>
    (await start(type, workflowId, args)).result();

  const status = (id: string): Promise<RunStatus> => readStatus(id, { client, home });

  /** Temporal's index is updated after a moment. */
  async function listed(ids: readonly string[], filter: RunFilter = {}): Promise<RunSummary[]> {
    for (const deadline = Date.now() + 30_000; ;) {
      const runs = await listRuns(filter, { client, home });
      const found = new Set(runs.map(({ workflowId }) => workflowId));
      if (ids.every((id) => found.has(id)) || Date.now() > deadline) return runs;
      await sleep(200);
    }
  }

  const find = async (id: string, filter: RunFilter = {}): Promise<RunSummary> =>
    (await listed([id], filter)).find(({ workflowId }) => workflowId === id)!;

  function stagesIn({ progress }: RunStatus) {
    assert.ok(progress?.of === 'experiment');
    return progress.experiment;
  }

  const titlesIn = (found: RunStatus): string[] => stagesIn(found).finished.map(({ title }) => title);

  async function untilDone(id: string, count: number): Promise<RunStatus> {
    await find(id);
    for (;;) {
      const found = await status(id);
      if (titlesIn(found).length >= count) return found;
      await sleep(100);
    }
  }

  async function assertVerified(id: string): Promise<void> {
    const { passed, complete, checks } = await verifyRun(id, { client, home, trustCode: true });
    assert.deepEqual([passed, complete], [true, true], JSON.stringify(checks, undefined, 2));
  }

  const cli = async (...words: string[]) => {
    const { address } = await testServer();
    return call(words, { env: { BUDGETLINE_HOME: home, TEMPORAL_ADDRESS: address } });
  };

  before(async () => {
    home = homes.path();
    const { address } = await testServer();
    client = await connect({ address });
    sweep = await resolveTinySweep({
      name: 'own',
      budgets: [8],
      sftFractions: [1],
      controls: [],
      prices,
    });
    resolved = experimentOf(sweep, gridOf(sweep.definition)[0]!);
    const { connection } = await connectWorker({ address });
    const workers: StageWorker[] = await Promise.all([
      createWorker({ connection, home, queue: 'cpu' }),
      createWorker({ connection, home, queue: 'gpu' }),
      createWorker({ connection, home, queue: 'own', workflowsPath }),
    ]);
    const ended = Promise.all(workers.map((worker) => worker.run()));
    stop = async () => {
      for (const worker of workers) worker.stop();
      await ended;
      await connection.close();
    };
  });

  after(async () => {
    await stop();
    await client.connection.close();
  });

  it('are listed with type, state, stages and cost, have a status, and are audited and verified', async () => {
    await execute('scored', 'scored-1');
    const { kind, type, state, done, usd, experiment, task, budget, stages } = await find('scored-1');
    assert.deepEqual(
      [kind, type, state, experiment, task, budget],
      [...['workflow', 'scored', 'COMPLETED', 'scored-1', 'grade-school-math', 8]],
    );
    assert.deepEqual(done, { of: 'stages', count: 4, planned: null });
    assert.equal(usd, 0.08);
    const found = await status('scored-1');
    assert.deepEqual(
      stages,
      stagesIn(found).finished.map(({ key }) => key.slice(0, 12)),
    );
    const timeline = await auditRun('scored-1', { client, home });
    assert.deepEqual(
      [timeline.workflowType, timeline.state.is, timeline.totals.stages, timeline.totals.usd],
      ['scored', 'completed', 4, 0.08],
    );
    assert.ok(timeline.stages.every(({ attempts }) => attempts.length === 1 && attempts[0]!.host !== ''));
    assert.equal(canonicalJson(timeline.definition), canonicalJson(resolved.definition));
    await assertVerified('scored-1');
  });

  it('are found by the filters of list, and no other workflow is', async () => {
    const foreign = await start('foreign', 'foreign-1', []);
    const { stages, digest } = await find('scored-1');
    const right: RunFilter[] = [
      ...[{ task: 'grade-school-math' }, { budget: 8 }, { experiment: 'scored-1' }],
      ...[
        { model: 'embedded' },
        { stage: stages![0]! },
        { digest: digest! },
        { state: 'completed' as const },
      ],
    ];
    for (const filter of right) assert.ok(await find('scored-1', filter), JSON.stringify(filter));
    const wrong: RunFilter[] = [{ task: 'helpfulness' }, { budget: 9 }, { state: 'failed' }];
    for (const filter of wrong) {
      const runs = await listRuns(filter, { client, home });
      assert.ok(!runs.some(({ workflowId }) => workflowId === 'scored-1'), JSON.stringify(filter));
    }
    assert.ok(!(await listRuns({ limit: 500 }, { client, home })).some(({ type }) => type === 'foreign'));
    await assert.rejects(status('foreign-1'), {
      code: 'RUN_UNKNOWN',
      message: /has not called createStages/,
    });
    await foreign.terminate();
  });

  it('show their stages while they wait, are paused and resumed, under an id with odd characters', async () => {
    const handle = await start('waiting', odd);
    const before = await untilDone(odd, 2);
    assert.deepEqual([before.state, before.type], ['RUNNING', 'waiting']);
    assert.deepEqual(titlesIn(before), ['Reference: the base model', 'Evaluation on 12 test items']);
    assert.deepEqual((await find(odd)).done, { of: 'stages', count: 2, planned: null });
    await pauseRun(odd, { client });
    assert.equal(stagesIn(await status(odd)).paused, 'drain');
    await handle.signal('goOn');
    await sleep(1_000);
    assert.equal(titlesIn(await status(odd)).length, 2, 'no stage starts while it is paused');
    await resumeRun(odd, { client });
    await handle.result();
    assert.equal(titlesIn(await status(odd)).length, 6);
    const { workflowId, interventions } = await auditRun(odd, { client, home });
    assert.equal(workflowId, odd);
    assert.deepEqual(
      interventions.map(({ what }) => what),
      ['pause, drain', 'resume'],
    );
    await assertVerified(odd);
    await assert.rejects(setConcurrency(odd, 2, { client }), { code: 'RUN_UNKNOWN' });
  });

  it('are listed before their first stage, and are audited after they were cancelled', async () => {
    const handle = await start('sleeping', 'sleeping-1');
    assert.deepEqual((await find('sleeping-1')).done, { of: 'stages', count: 0, planned: null });
    const { stdout } = await cli('status', 'sleeping-1');
    assert.equal(stdout, 'sleeping-1 (sleeping) is running.\n  No stage was called yet.\n');
    await assert.rejects(setConcurrency('sleeping-1', 2, { client }), { code: 'STEERING_REFUSED' });
    await cancelRun('sleeping-1', { client });
    await assert.rejects(handle.result());
    assert.equal((await status('sleeping-1')).state, 'CANCELLED');
    const { state, interventions } = await auditRun('sleeping-1', { client, home });
    assert.deepEqual([state.is, interventions[0]?.what], ['cancelled', 'cancel']);
    await assertVerified('sleeping-1');
  });

  it('show why they failed and what to do, and are audited', async () => {
    await assert.rejects(execute('failing', 'failing-1'));
    await assert.rejects(execute('greedy', 'greedy-1'));
    const failure = { code: 'NOT_NEEDED', message: 'The base model is good enough.' };
    assert.deepEqual((await status('failing-1')).failure, failure);
    const { code, remedy } = (await status('greedy-1')).failure!;
    assert.deepEqual(
      [code, remedy],
      [...['BUDGET_EXCEEDED', 'Ask for fewer rows, or raise the definition’s budget.']],
    );
    const { state, stages } = await auditRun('failing-1', { client, home });
    assert.deepEqual(state, { is: 'failed', reason: `${failure.code}: ${failure.message}` });
    assert.equal(stages.length, 2);
    for (const id of ['failing-1', 'greedy-1']) await assertVerified(id);
  });

  it('are one run over continue-as-new', async () => {
    await execute('continuing', 'continuing-1');
    const runs = (await listed(['continuing-1'])).filter(({ workflowId }) => workflowId === 'continuing-1');
    assert.deepEqual(
      runs.map(({ done }) => done?.count),
      [6],
    );
    assert.equal(titlesIn(await status('continuing-1')).length, 6);
    const { stages, workflows } = await auditRun('continuing-1', { client, home });
    assert.deepEqual([stages.length, workflows.length], [6, 2]);
    await assertVerified('continuing-1');
  });

  it('are two runs if one id was started twice: the second pays for nothing', async () => {
    await execute('scored', 'scored-1');
    let runs: RunSummary[] = [];
    while (runs.length < 2)
      runs = (await listed(['scored-1'])).filter(({ workflowId }) => workflowId === 'scored-1');
    assert.deepEqual(
      runs.map(({ usd }) => usd),
      [0, 0.08],
    );
    assert.equal((await status('scored-1')).runId, runs[0]!.runId);
    const { workflows, totals } = await auditRun('scored-1', { client, home });
    assert.deepEqual([workflows.length, totals.usd], [2, 0.08]);
    await assertVerified('scored-1');
  });

  it('start a sweep, which is listed and audited under the id that it was started with', async () => {
    await execute('startsSweep', 'parent-1', [sweep, 'child-1']);
    const [parent, child] = [await find('parent-1'), await find('child-1')];
    assert.deepEqual([parent.type, parent.done?.count], ['startsSweep', 0]);
    assert.deepEqual(
      [child.kind, child.sweep, child.done],
      [...['sweep', sweepIdOf(sweep), { of: 'cells', count: 1, planned: 1 }]],
    );
    const cells = (await listed([], { sweep: sweepIdOf(sweep) })).filter(({ kind }) => kind === 'experiment');
    assert.deepEqual(
      cells.map(({ budget }) => budget),
      [8],
    );
    assert.deepEqual((await status('parent-1')).children, [
      { workflowId: 'child-1', type: 'allocationSweep' },
    ]);
    const { stages } = await auditRun('child-1', { client, home });
    assert.deepEqual([...new Set(stages.map(({ cell }) => cell))].sort(), ['b8-r1-s0', null]);
    for (const id of ['parent-1', 'child-1']) await assertVerified(id);
  });

  it('keep their stages in status after they were terminated', async () => {
    const handle = await start('waiting', 'terminated-1');
    await untilDone('terminated-1', 2);
    await handle.terminate();
    const found = await status('terminated-1');
    assert.deepEqual([found.state, titlesIn(found).length], ['TERMINATED', 2]);
  });

  it('have no report, no reproduction and no cells, which is said in one line', async () => {
    const lines: readonly (readonly [string[], RegExp])[] = [
      [['report', 'scored-1'], /scored-1 is a run of "scored": only sweeps have a report\./],
      [['reproduce', 'scored-1'], /your workflow "scored": only sweeps and experiments can be reproduced\./],
      [['audit', 'export', 'scored-1', '--format', 'mlflow'], /your workflow "scored": it has no cells/],
      [['audit', 'export', 'scored-1', '--format', 'model-card'], /your workflow "scored": it has no cells/],
    ];
    for (const [words, line] of lines) {
      const { stderr } = await cli(...words);
      assert.match(stderr, line);
    }
    const { stdout } = await cli('list', '--experiment', odd);
    assert.match(stdout, /team\/a run: ü 1 +waiting .* completed +6 stages/);
  });

  it('are not listed by a server without search attributes, which list says', async () => {
    const { address } = await testServer();
    const namespace = 'own-bare';
    const bare = await connect({ env: { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace } });
    const workflowExecutionRetentionPeriod = { seconds: 86_400 as never, nanos: 0 };
    await bare.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod });
    const notices: string[] = [];
    for (let ready = false; !ready;) {
      const list = listRuns({}, { client: bare, home, onNotice: (text) => void notices.push(text) });
      ready = await list.then(
        () => true,
        () => sleep(100).then(() => false),
      );
    }
    assert.match(notices.at(-1)!, /Workflows of your own are not listed\. .*budgetline server register/);
    await bare.connection.close();
  });
});
