import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readLedger } from '../../audit';
import type { Client } from '@temporalio/client';
import { connect, startSweep, watchSweep } from '../../client';
import type { ResolvedSweep } from '../../contracts/definition';
import type { SweepResult } from '../../contracts/results';
import { planSweep } from '../../planning';
import { createStore, identifyProcess } from '../../store';
import { gradeSchoolMathDefaults } from '../../tasks';
import { readTrainerStarts } from '../support/counted-trainer';
import { untilCheckpointed } from '../support/running-trainers';
import { resolveTinySweep, runSweep, withWorkers } from '../support/sweep-bench';
import { acquisitionLimitMs, testServer } from '../support/temporal';
import { temporaryFolder } from '../support/temporary';
import { spawnWorker } from '../support/worker-processes';

const { sft, preference } = gradeSchoolMathDefaults;

function resolveLong(): Promise<ResolvedSweep> {
  return resolveTinySweep({
    name: 'killed',
    budgets: [32],
    sftFractions: [0.5],
    sft: { ...sft, epochs: 24 },
    preference: { ...preference, epochs: 10 },
    controls: [],
    execution: { checkpointEverySteps: 2 },
  });
}

/** Workers of both queues, of which "gpu" can be killed and is then started anew. They end with `use`, however it ends. */
async function withKillableWorkers<T>(
  home: string,
  use: (workers: { client: Client; killGpu: () => void; signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const { address } = await testServer();
  const client = await connect({ address });
  const ended = new AbortController();
  const start = (queue: string) => spawnWorker([home, address, queue], ended);
  const workers = { cpu: start('cpu'), gpu: start('gpu') };
  const killGpu = (): void => {
    workers.gpu.kill('SIGKILL');
    workers.gpu = start('gpu');
  };
  try {
    return await use({ client, killGpu, signal: ended.signal });
  } finally {
    ended.abort(new Error('the test is over'));
    const running = Object.values(workers).filter(({ exitCode }) => exitCode === null);
    for (const worker of running) worker.stdin?.end();
    await Promise.all(running.map((worker) => once(worker, 'exit')));
    await client.connection.close();
  }
}

/** Runs a sweep while the worker of the queue "gpu" is killed once under each of the commands, past a checkpoint. */
function runKilling(home: string, resolved: ResolvedSweep, commands: readonly string[]) {
  return withKillableWorkers(home, async ({ client, killGpu, signal }) => {
    const killing = commands.reduce(async (before, command) => {
      await before;
      await untilCheckpointed({ home, command }, signal);
      killGpu();
    }, Promise.resolve());
    const started = await startSweep(resolved, { client, orchestration: { heartbeatSeconds: 5, window: 6 } });
    const plan = planSweep(resolved);
    const [result] = await Promise.all([
      watchSweep({ client, plan, started, signal, onStatus: () => undefined }),
      killing,
    ]);
    return result;
  });
}

const digests = ({ cells }: SweepResult): Record<string, string> =>
  Object.fromEntries(cells.flatMap(({ stages }) => stages.map(({ key, digest }) => [key, digest])));

describe('server: a worker that is killed with SIGKILL', function () {
  this.timeout(acquisitionLimitMs);
  const disturbed = temporaryFolder();
  const quiet = temporaryFolder();

  it('costs at most a checkpoint interval, and not a byte of the results', async () => {
    const resolved = await resolveLong();
    const kinds = { trainSft: 'sft', trainPreference: 'preference' };
    const result = await runKilling(disturbed.path(), resolved, Object.values(kinds));
    assert.deepEqual(result.holes, []);
    const store = createStore(disturbed.path());
    for (const kind of Object.keys(kinds)) {
      const key = result.cells[0]?.stages.find((stage) => stage.kind === kind)?.key ?? '';
      const lines = await readLedger(store.paths.stageLedger(key));
      const attempts = lines.flatMap((line) => (line.type === 'attempt-started' ? [line] : []));
      assert.ok(attempts.length >= 2, `${kind}: ${attempts.length} attempts`);
      assert.ok((attempts.at(-1)?.resumedFromStep ?? 0) > 0, `${kind}: resumed from a checkpoint`);
    }
    for (const { pid } of readTrainerStarts(disturbed.path()))
      assert.equal(await identifyProcess(pid), undefined, `trainer ${pid} is gone`);

    const undisturbed = await withWorkers(quiet.path(), (client) => runSweep(client, resolved));
    assert.deepEqual(digests(result), digests(undisturbed.result));
  });
});
