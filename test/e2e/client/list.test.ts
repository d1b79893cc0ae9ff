import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import {
  connect,
  listRuns,
  readStatus,
  registerSearchAttributes,
  startExperiment,
  startSweep,
  type ListedRun,
  type RunFilter,
} from '../../../client';
import { searchAttributes } from '../../../contracts/search-attributes';
import { experimentOf, planCell, planGrid } from '../../../planning';
import { resolveSweep } from '../../support/planning/resolve';
import { acquisitionLimitMs, testServer } from '../../support/temporal';

const model = "o'neil\\1b";

/** No worker polls in these namespaces, so runs stay as they were started. */
describe('runs are found by their search attributes', function () {
  this.timeout(acquisitionLimitMs);
  const clients: Client[] = [];

  /** A new namespace without our search attributes. */
  async function bareNamespace(namespace: string): Promise<Client> {
    const { address } = await testServer();
    const client = await connect({ env: { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace } });
    clients.push(client);
    const workflowExecutionRetentionPeriod = { seconds: 86_400 as never, nanos: 0 };
    await client.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod });
    for (;;)
      try {
        await client.workflow.count();
        return client;
      } catch {
        await sleep(100); // Frontends learn of a new namespace after a while.
      }
  }

  /** Temporal's index is updated after a moment. */
  async function find(client: Client, filter: RunFilter): Promise<ListedRun[]> {
    for (const deadline = Date.now() + 30_000; ;) {
      const runs = await listRuns(client, filter);
      if (runs.length > 0 || Date.now() > deadline) return runs;
      await sleep(100);
    }
  }

  after(() => Promise.all(clients.map(({ connection }) => connection.close())));

  it('runs without search attributes if the server has none, and then says what to do', async () => {
    const client = await bareNamespace('bare');
    const started = await startSweep(resolveSweep(), { client });
    assert.equal(started.searchable, false);
    const [run] = await find(client, {});
    assert.deepEqual([run?.workflowId, run?.kind, run?.task], [started.workflowId, 'sweep', null]);
    await assert.rejects(listRuns(client, { task: 'grade-school-math' }), { code: 'SEARCH_UNAVAILABLE' });
    await started.handle.terminate();
  });

  it('registers missing attributes once, and finds a cell by every attribute and by no wrong value', async () => {
    const client = await bareNamespace('furnished');
    assert.deepEqual(
      await registerSearchAttributes(client.connection, 'furnished'),
      Object.keys(searchAttributes),
    );
    assert.deepEqual(await registerSearchAttributes(client.connection, 'furnished'), []);
    const sweep = resolveSweep();
    const point = { budget: 64, sftFraction: 0.25, seed: 0 };
    const experiment = experimentOf({ ...sweep, definition: { ...sweep.definition, model } }, point);
    const started = await startExperiment(experiment, { client });
    assert.equal(started.searchable, true);
    const { cell, stages } = await planCell(experiment);
    const whole = { experiment: cell.id, task: cell.task, model, budget: 64, sftFraction: 0.25 };
    const [run] = await find(client, { ...whole, stage: stages[0]?.key ?? '', state: 'running' });
    assert.equal(run?.workflowId, cell.id);
    assert.equal(run.stages?.length, stages.length);
    assert.equal((await listRuns(client, { digest: run.digest?.slice(0, 8) ?? '' })).length, 1);
    const wrong: RunFilter[] = [
      ...[{ experiment: 'x' }, { task: "'x' OR '1' = '1" }, { model: 'oneil' }, { budget: 65 }],
      ...[{ sftFraction: 0.5 }, { stage: '0'.repeat(12) }, { digest: '0' }, { sweep: cell.id }],
      { ...whole, state: 'completed' },
    ];
    for (const filter of wrong) assert.deepEqual(await listRuns(client, filter), [], JSON.stringify(filter));
    await assert.rejects(listRuns(client, { stage: 'abc' }), { code: 'USAGE' });
    await started.handle.terminate();
  });

  it('names an attribute that is registered with another type', async () => {
    const client = await bareNamespace('taken');
    await client.connection.operatorService.addSearchAttributes({
      namespace: 'taken',
      searchAttributes: { BudgetlineTask: temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_TEXT },
    });
    await assert.rejects(registerSearchAttributes(client.connection, 'taken'), (error: Error) =>
      error.message.includes('BudgetlineTask'),
    );
  });

  it('finds them on the embedded server without any registration', async () => {
    const client = await connect({ address: (await testServer()).address });
    clients.push(client);
    const resolved = resolveSweep({ name: 'found' });
    const { sweepId, definitionDigest } = await planGrid(resolved);
    const { handle } = await startSweep(resolved, { client });
    const [run] = await find(client, { digest: definitionDigest });
    assert.deepEqual([run?.workflowId, run?.sweep], [sweepId, sweepId]);
    await handle.terminate();
  });

  it('lists runs that are encrypted with other keys and names those keys', async () => {
    const { address } = await testServer();
    const key = (name: string): string => `${name}:${randomBytes(32).toString('base64')}`;
    const withKeys = async (keys: string): Promise<Client> => {
      const env = { TEMPORAL_ADDRESS: address, BUDGETLINE_PAYLOAD_KEYS: keys };
      const client = await connect({ env });
      clients.push(client);
      return client;
    };
    const [a, plain] = [key('key-a'), await connect({ address, env: {} })];
    clients.push(plain);
    const mine = await withKeys(a);
    const others = [plain, await withKeys(key('key-a')), await withKeys(key('key-b'))];
    const encrypted = await startSweep(resolveSweep({ name: 'encrypted' }), { client: mine });
    const open = await startSweep(resolveSweep({ name: 'open' }), { client: plain });
    const { workflowId } = encrypted;
    const sealedIn = async (client: Client, id: string) => {
      await find(client, { sweep: id });
      const runs = await listRuns(client, { state: 'running' });
      return runs.find((run) => run.workflowId === id)?.sealedWith;
    };
    assert.equal(await sealedIn(mine, workflowId), null);
    for (const client of others) {
      assert.equal(await sealedIn(client, workflowId), 'key-a');
      assert.equal(await sealedIn(client, open.workflowId), null);
      const refused = { code: 'CONNECTION_INVALID', message: /"key-a"/ };
      await assert.rejects(readStatus(client, workflowId), refused);
      await assert.rejects(startSweep(resolveSweep({ name: 'encrypted' }), { client }), refused);
    }
    await Promise.all([encrypted, open].map(({ handle }) => handle.terminate()));
  });
});
