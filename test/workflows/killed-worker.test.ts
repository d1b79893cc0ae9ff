import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { readLedger } from '../../audit';
import { connect, startSweep, watchSweep } from '../../client';
import type { ResolvedSweep } from '../../contracts/definition';
import type { SweepResult } from '../../contracts/results';
import type { StageKind } from '../../contracts/stage';
import { planSweep } from '../../planning';
import { createStore, identifyProcess } from '../../store';
import { gradeSchoolMathDefaults } from '../../tasks';
import { readTrainerStarts } from '../support/counted-trainer';
import { resolveTinySweep, runSweep, withWorkers } from '../support/sweep-bench';
import { acquisitionLimitMs, testServer } from '../support/temporal';
import { temporaryFolder } from '../support/temporary';

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

/** A worker that ends by itself ends the test. */
function spawnWorker(words: readonly string[], ended: AbortController): ChildProcess {
  const script = join(__dirname, '../support/worker-process.ts');
  const args = ['-r', 'ts-node/register/transpile-only', script, ...words];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'inherit'] });
  child.once('exit', (status) => {
    if (status !== 0 && status !== null) ended.abort(new Error(`a worker ended with status ${status}`));
  });
  return child;
}

/** Runs a sweep while the worker of the queue "gpu" is killed once in each of the kinds, past a checkpoint. */
async function runKilling(home: string, resolved: ResolvedSweep, kinds: readonly StageKind[]) {
  const { address } = await testServer();
  const client = await connect({ address });
  const ended = new AbortController();
  const cpu = spawnWorker([home, address, 'cpu'], ended);
  let gpu = spawnWorker([home, address, 'gpu'], ended);
  const left = new Set(kinds);
  const started = await startSweep(resolved, { client, orchestration: { heartbeatSeconds: 5, window: 6 } });
  const result = await watchSweep({
    ...{ client, resolved, plan: planSweep(resolved), started, intervalMs: 100, signal: ended.signal },
    onStatus({ running }) {
      const hit = running.find(({ progress }) => progress?.phase === 'train' && progress.step > 4);
      if (hit?.progress === undefined || !left.delete(hit.progress.kind)) return;
      gpu.kill('SIGKILL');
      gpu = spawnWorker([home, address, 'gpu'], ended);
    },
  });
  assert.deepEqual([...left], [], 'a worker was killed in each kind of stage');
  for (const worker of [cpu, gpu]) worker.stdin?.end();
  await Promise.all([cpu, gpu].map((worker) => once(worker, 'exit')));
  await client.connection.close();
  return result;
}

const digests = ({ cells }: SweepResult): Record<string, string> =>
  Object.fromEntries(cells.flatMap(({ stages }) => stages.map(({ key, digest }) => [key, digest])));

describe('server: a worker that is killed with SIGKILL', function () {
  this.timeout(acquisitionLimitMs);
  const disturbed = temporaryFolder();
  const quiet = temporaryFolder();

  it('costs at most a checkpoint interval, and not a byte of the results', async () => {
    const resolved = await resolveLong();
    const kinds = ['trainSft', 'trainPreference'] as const;
    const result = await runKilling(disturbed.path(), resolved, kinds);
    assert.deepEqual(result.holes, []);
    const store = createStore(disturbed.path());
    for (const kind of kinds) {
      const key = result.cells[0]?.stages.find((stage) => stage.kind === kind)?.key ?? '';
      const lines = await readLedger(store.paths.stageLedger(key));
      const attempts = lines.flatMap((line) => (line.type === 'attempt-started' ? [line] : []));
      assert.ok(attempts.length >= 2, `${kind}: ${attempts.length} attempts`);
      assert.ok((attempts.at(-1)?.resumedFromStep ?? 0) >= 4, `${kind}: resumed from a checkpoint`);
    }
    for (const { pid } of readTrainerStarts(disturbed.path()))
      assert.equal(await identifyProcess(pid), undefined, `trainer ${pid} is gone`);

    const undisturbed = await withWorkers(quiet.path(), (client) => runSweep(client, resolved));
    assert.deepEqual(digests(result), digests(undisturbed.result));
  });
});
