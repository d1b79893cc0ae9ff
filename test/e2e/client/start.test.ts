import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { connect, startExperiment, startSweep, watchSweep } from '../../../client';
import type { ResolvedSweep } from '../../../contracts/resolved';
import { BudgetlineError } from '../../../core/failures';
import { taskQueues } from '../../../contracts/stage';
import { experimentOf, planGrid } from '../../../planning';
import { resolveTinySweep } from '../../support/sweep-bench';
import { acquisitionLimitMs, testServer } from '../../support/temporal';

/** No worker polls in these tests, so runs stay as they were started. */
describe('starting a sweep', function () {
  this.timeout(acquisitionLimitMs);
  let client: Client;
  let resolved: ResolvedSweep;

  before(async () => {
    client = await connect({ address: (await testServer()).address });
    resolved = await resolveTinySweep({ name: 'started' });
  });
  after(() => client.connection.close());

  it('attaches to a run of the same definition', async () => {
    const first = await startSweep(resolved, { client });
    const second = await startSweep(resolved, { client });
    assert.deepEqual([first.how, second.how], ['started', 'attached']);
    assert.equal(second.runId, first.runId);
    assert.equal(first.workflowId, (await planGrid(resolved)).sweepId);
    await first.handle.terminate();
  });

  it('starts again if the last run has ended', async () => {
    const first = await startSweep(resolved, { client });
    await first.handle.terminate();
    const second = await startSweep(resolved, { client });
    assert.equal(second.how, 'started');
    assert.notEqual(second.runId, first.runId);
    await second.handle.terminate();
  });

  it('ends a run of other workflow code and starts again', async () => {
    const { sweepId } = await planGrid(resolved);
    const old = await client.workflow.start('allocationSweep', {
      workflowId: sweepId,
      taskQueue: taskQueues.cpu,
      args: [{ resolved }],
      memo: { bundleDigest: 'of an older build' },
    });
    const started = await startSweep(resolved, { client });
    assert.equal(started.how, 'restarted');
    const before = await client.workflow.getHandle(sweepId, old.firstExecutionRunId).describe();
    assert.equal(before.status.name, 'TERMINATED');
    await started.handle.terminate();
  });

  it('starts a single cell as a run of its own', async () => {
    const cell = experimentOf(resolved, { budget: 8, sftFraction: 1, seed: 0 });
    const started = await startExperiment(cell, { client });
    assert.equal((await started.handle.describe()).type, 'allocationExperiment');
    await started.handle.terminate();
  });

  it('reports a run that was ended from outside, and stops watching when asked', async () => {
    const started = await startSweep(resolved, { client });
    const watched = { client, plan: await planGrid(resolved), started, onStatus: () => undefined };
    const stop = new AbortController();
    const left = watchSweep({ ...watched, signal: stop.signal });
    stop.abort(new Error('enough'));
    await assert.rejects(left, /enough/);
    const ended = watchSweep(watched);
    await started.handle.terminate();
    await assert.rejects(ended, (error) => error instanceof BudgetlineError && error.code === 'RUN_ENDED');
  });

  it('names the address that does not answer', async () => {
    await assert.rejects(connect({ address: '127.0.0.1:1' }), (error: unknown) => {
      assert.ok(error instanceof BudgetlineError);
      assert.equal(error.code, 'TEMPORAL_MISSING');
      return error.message.includes('127.0.0.1:1');
    });
  });
});
