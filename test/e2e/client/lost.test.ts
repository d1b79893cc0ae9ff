import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { startSweep, watchSweep } from '../../../client';
import { listPending } from '../../../client/pending';
import { planGrid } from '../../../planning';
import { gradeSchoolMathDefaults } from '../../../tasks';
import { ensureServer } from '../../../workers';
import { anyPort } from '../../../workers/embedded-server/ports';
import { cellsOf, Going, until } from '../../support/going-sweep';
import { resolveTinySweep, withWorkers } from '../../support/sweep-bench';
import { acquisitionLimitMs, testServer } from '../../support/temporal';
import { temporaryFolder, temporaryHome } from '../../support/temporary';
import { spawnWorker } from '../../support/worker-processes';

const quiet = (): void => undefined;

/** Two cells with trainings long enough to be disturbed. */
const long = {
  budgets: [16, 24],
  sftFractions: [1],
  sft: { ...gradeSchoolMathDefaults.sft, epochs: 60 },
  controls: [],
  evaluation: { items: 4, maxNewTokens: 32 },
  execution: { checkpointEverySteps: 2 },
};

describe('what is lost while a sweep runs', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();
  const home = temporaryHome();

  it('a cell that is terminated has a code that says so; the others go on', async () => {
    await withWorkers(folder.path(), async (client) => {
      const going = await Going.begin(
        { client, home: folder.path() },
        await resolveTinySweep({ ...long, name: 'cell-terminated' }),
      );
      await going.untilTraining();
      const [cell] = cellsOf(await going.status()).filter(({ state }) => state === 'running');
      assert.ok(cell !== undefined);
      await client.workflow.getHandle(cell.cell.id).terminate('by hand');
      const { cells, failedCells } = await going.result;
      assert.deepEqual(
        failedCells.map(({ cell: { id }, code, message }) => [id, code, message]),
        [[cell.cell.id, 'RUN_ENDED', 'This cell was terminated or reset; the rest of the sweep goes on.']],
      );
      assert.equal(cells.length, 1);
    });
  });

  it('a worker that is killed: the stage says WORKER_LOST until another worker takes it over', async () => {
    const { address } = await testServer();
    const ended = new AbortController();
    const cpu = spawnWorker([folder.path(), address, 'cpu'], ended);
    let gpu = spawnWorker([folder.path(), address, 'gpu'], ended);
    const connection = await Connection.connect({ address });
    try {
      const client = new Client({ connection });
      const going = await Going.begin(
        { client, home: folder.path() },
        await resolveTinySweep({ ...long, budgets: [32], name: 'worker-killed' }),
        { heartbeatSeconds: 3 },
      );
      await going.untilTraining();
      gpu.kill('SIGKILL');
      const ids = async () => [going.id, ...cellsOf(await going.status()).map(({ cell }) => cell.id)];
      const codes = async (): Promise<(string | undefined)[]> => {
        const pending = await Promise.all((await ids()).map((id) => listPending(client, id)));
        return pending.flat().map(({ lastFailure }) => lastFailure?.code);
      };
      await until('the stage lost its worker', async () => (await codes()).includes('WORKER_LOST'));
      gpu = spawnWorker([folder.path(), address, 'gpu'], ended);
      const { failedCells, cells } = await going.result;
      assert.deepEqual([failedCells.length, cells.length], [0, 1]);
    } finally {
      for (const worker of [cpu, gpu]) worker.kill('SIGKILL');
      await connection.close();
    }
  });

  it('a server that comes back without its database: the run has a code, and starts again', async () => {
    const env = { ...process.env, BUDGETLINE_TEMPORAL_PORT: String(await anyPort()) };
    const serve = () => ensureServer({ home: home.path(), env, onProgress: quiet });
    const { address, pid } = await serve();
    const connection = await Connection.connect({ address, interceptors: [] });
    const client = new Client({ connection });
    const resolved = await resolveTinySweep({ name: 'database-lost' });
    const started = await startSweep(resolved, { client });
    const plan = await planGrid(resolved);
    const watched = watchSweep({ client, plan, started, onStatus: quiet, intervalMs: 250 });
    watched.catch(quiet);
    process.kill(pid, 'SIGKILL');
    for (const name of readdirSync(home.path(), { recursive: true, encoding: 'utf8' }))
      if (/temporal\.db/.test(name)) rmSync(join(home.path(), name));
    await serve();
    await assert.rejects(watched, {
      code: 'RUN_LOST',
      message: /does not know the run database-lost-\w+ any more/,
    });
    assert.equal((await startSweep(resolved, { client })).how, 'started');
    await client.workflow.getHandle(started.workflowId).terminate();
    await connection.close();
  });
});
