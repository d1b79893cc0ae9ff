import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Client } from '@temporalio/client';
import { connect } from '../../../client';
import type { ResolvedSweep } from '../../../contracts/resolved';
import type { LedgerLine } from '../../../schemas/ledger';
import { planGrid } from '../../../planning';
import { createFolderStore, identifyProcess } from '../../../store';
import { gradeSchoolMathDefaults } from '../../../tasks';
import { readTrainerStarts } from '../../support/counted-trainer';
import { Going, livingTrainers, until } from '../../support/going-sweep';
import { untilCheckpointed } from '../../support/running-trainers';
import { resolveTinySweep } from '../../support/sweep-bench';
import { acquisitionLimitMs, testServer } from '../../support/temporal';
import { temporaryFolder } from '../../support/temporary';
import { spawnWorker } from '../../support/worker-processes';

const { sft } = gradeSchoolMathDefaults;

/** The same cell at two prices: two sweeps that share their stages. */
function resolvePriced(sftExample: number, change: Parameters<typeof resolveTinySweep>[0] = {}) {
  return resolveTinySweep({
    name: 'shared',
    budgets: [24],
    sftFractions: [1],
    controls: [],
    sft: { ...sft, epochs: 40 },
    execution: { checkpointEverySteps: 2 },
    evaluation: { items: 4, maxNewTokens: 32 },
    prices: { sftExample, preferencePair: 1 },
    ...change,
  });
}

/** Polls the process table for the number of trainers of one stage that run at once. */
function sampleTrainers(home: string, key: string): { most(): number; stop(): void } {
  let most = 0;
  const look = async (): Promise<void> => {
    const starts = readTrainerStarts(home).filter(({ id }) => id === key);
    const found = await Promise.all(starts.map(({ pid }) => identifyProcess(pid)));
    most = Math.max(most, found.filter((identity) => identity !== undefined).length);
  };
  const timer = setInterval(() => void look(), 40);
  return { most: () => most, stop: () => clearInterval(timer) };
}

describe('two sweeps that share a stage', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();
  const ended = new AbortController();
  const workers = new Map<number, ChildProcess>();
  let client: Client;
  let address: string;
  let key: string;

  before(async () => {
    ({ address } = await testServer());
    client = await connect({ address });
    const plan = await planGrid(await resolvePriced(1));
    key = plan.stages.find(({ stage }) => stage.kind === 'trainSft')?.stage.key ?? '';
  });

  after(async () => {
    ended.abort(new Error('the test is over'));
    for (const worker of workers.values()) worker.stdin?.end();
    await Promise.all([...workers.values()].map((worker) => once(worker, 'exit')));
    await client.connection.close();
  });

  function addWorker(queue: string): void {
    const worker = spawnWorker([folder.path(), address, queue], ended);
    const pid = worker.pid ?? 0;
    workers.set(pid, worker);
    worker.once('exit', () => workers.delete(pid));
  }

  const lines = (): Promise<LedgerLine[]> =>
    createFolderStore(folder.path())
      .chain({ stage: key })
      .read()
      .catch(() => []);

  async function owner(): Promise<{ attempts: number; pid: number; workflowId: string }> {
    const starts = (await lines()).flatMap((line) => (line.type === 'attempt-started' ? [line] : []));
    const { pid = 0, workflowId = '' } = starts.at(-1) ?? {};
    return { attempts: starts.length, pid, workflowId };
  }

  let lastTrainer = 0;

  /** The owner of the stage's next attempt, past a checkpoint. */
  async function nextOwner(after: number) {
    await until('another continues', async () => (await owner()).attempts > after);
    await until('its trainer is past a checkpoint', async () => {
      const { pid } = await untilCheckpointed({ home: folder.path(), command: 'sft' }, ended.signal);
      const isNew = pid !== lastTrainer;
      lastTrainer = pid;
      return isNew;
    });
    return owner();
  }

  it('one runs it; after a drained worker, a killed one and a cancelled owner the other runs it to the end', async () => {
    for (const queue of ['cpu', 'gpu', 'gpu']) addWorker(queue);
    const sampler = sampleTrainers(folder.path(), key);
    try {
      const place = { client, home: folder.path() };
      const begin = (resolved: ResolvedSweep) => Going.begin(place, resolved, { heartbeatSeconds: 5 });
      const goings = [await begin(await resolvePriced(1)), await begin(await resolvePriced(2))] as const;

      const first = await nextOwner(0);
      const drained = workers.get(first.pid);
      drained?.kill('SIGTERM');
      const [status] = (await once(drained!, 'exit')) as [number];
      assert.equal(status, 0, 'a worker that is asked to stop ends gracefully');
      addWorker('gpu');

      const second = await nextOwner(first.attempts);
      assert.notEqual(second.pid, first.pid);
      workers.get(second.pid)?.kill('SIGKILL');

      const third = await nextOwner(second.attempts);
      const [owning, other] = third.workflowId.startsWith(goings[0].id) ? goings : [goings[1], goings[0]];
      await owning.steer({ action: 'cancel' });
      await assert.rejects(owning.result, { code: 'RUN_ENDED' });
      const result = await other.result;
      assert.deepEqual([result.cells.length, result.failedCells.length], [1, 0]);
    } finally {
      sampler.stop();
    }
    assert.equal(sampler.most(), 1, 'one trainer of the stage at a time');
    assert.equal(await livingTrainers(folder.path()), 0);
    const said = (await lines()).flatMap((line) => {
      if (line.type === 'attempt-lost') return ['lost'];
      return line.type === 'attempt-ended' ? [line.code ?? line.outcome] : [];
    });
    assert.deepEqual(said, ['WORKER_STOPPING', 'lost', 'cancelled', 'published']);
    const resumed = (await lines()).flatMap((line) =>
      line.type === 'attempt-started' ? [line.resumedFromStep ?? 0] : [],
    );
    assert.ok(
      resumed.slice(1).every((step, index) => step > (resumed[index] ?? 0)),
      resumed.join(', '),
    );
    assert.equal(resumed.length, readTrainerStarts(folder.path()).filter(({ id }) => id === key).length);
  });

  it('a user error of the owner reaches the other with the same code', async () => {
    const data = { source: 'synthetic', pool: 24, validation: 4, test: 20 } as const;
    // There are too few problems for this many pairs.
    const poor = { name: 'poor', data, sftFractions: [0], sft };
    const place = { client, home: folder.path() };
    const goings = await Promise.all(
      [1, 2].map(async (price) => Going.begin(place, await resolvePriced(price, poor))),
    );
    const results = await Promise.all(goings.map(({ result }) => result));
    assert.deepEqual(
      results.map(({ failedCells }) => failedCells.map(({ code }) => code)),
      [['POOL_EXHAUSTED'], ['POOL_EXHAUSTED']],
    );
  });
});
