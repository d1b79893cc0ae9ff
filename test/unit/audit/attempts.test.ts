import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { createFolderStore, type Chain } from '../../../store';
import {
  countInfrastructureFailures,
  endAttempt,
  openExperimentLedger,
  recordStages,
  startAttempt,
  type AttemptEnd,
  type AttemptStart,
} from '../../../audit';
import { paidNothing } from '../../support/payments';
import { temporaryFolder } from '../../support/temporary';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const who = {
  stage: sha('stage'),
  kind: 'trainSft',
  workflowId: 'w',
  runId: 'run-1',
  attempt: 1,
  activity: '1',
  experimentId: 'e',
};

function start(fence: number, more: Partial<AttemptStart> = {}): AttemptStart {
  const where = { actor: 'a', host: 'h', pid: 1, device: 'cpu', codeDigest: '', worker: null };
  const what = {
    packageVersion: '0',
    specDigest: sha('spec'),
    inputs: {},
    rows: null,
    resumedFromStep: null,
  };
  return { ...who, ...where, fence, ...what, ...more };
}

function end(fence: number, outcome: AttemptEnd['outcome'], code: string | null): AttemptEnd {
  const used = { wallMs: 1, deviceMs: 1, cpuMs: 1, peakMemoryBytes: 1, tokens: 1, ...paidNothing };
  const made = { artifact: null, manifestDigest: null, inputDigests: {}, scores: null };
  const exits = { exitCodes: [], trainerProcesses: 1, jobs: [] };
  return { ...who, fence, outcome, code, message: null, ...made, ...exits, ...used };
}

const claim = (fence: number) => ({ fence, check: () => Promise.resolve() });

describe('attempts in the ledger', () => {
  const folder = temporaryFolder();
  const chainOf = (name: string): Chain => createFolderStore(folder.path()).chain({ stage: sha(name) });

  it('records earlier attempts without an ending as lost, once', async () => {
    const chain = chainOf('lost');
    await startAttempt(chain, start(1), claim(1));
    await endAttempt(chain, end(1, 'failed', 'TRAINER_CRASHED'), claim(1));
    await startAttempt(chain, start(3), claim(3));
    await startAttempt(chain, start(4), claim(4));
    await startAttempt(chain, start(7), claim(7));
    const lines = await chain.read();
    const lost = lines.flatMap((line) => (line.type === 'attempt-lost' ? [line.fence] : []));
    assert.deepEqual(lost, [3, 4]);
  });

  it('counts infrastructure failures of one run, but not yields, lost claims or attempts with progress', async () => {
    const chain = chainOf('budget');
    const attempts: [number, AttemptEnd['outcome'] | 'lost', string | null, number | null][] = [
      [1, 'failed', 'TRAINER_CRASHED', null],
      [2, 'yielded', 'TRAINER_YIELDED', null],
      [3, 'failed', 'WORKER_STOPPING', 20],
      [4, 'failed', 'DISK_FULL', 20],
      [5, 'lost', null, 20],
      [6, 'lost', null, 40],
      [7, 'failed', 'CLAIM_LOST', 40],
      [8, 'cancelled', null, 40],
      [9, 'yielded', 'TRAINER_YIELDED', 40],
      [10, 'yielded', 'TRAINER_YIELDED', 40],
    ];
    for (const [fence, outcome, code, resumedFromStep] of attempts) {
      await startAttempt(chain, start(fence, { resumedFromStep }), claim(fence));
      if (outcome !== 'lost') await endAttempt(chain, end(fence, outcome, code), claim(fence));
    }
    const lines = await chain.read();
    // 1 failed; 6 was lost and 9 yielded without progress; 2 and 5 made progress; 4 met an outage.
    assert.equal(countInfrastructureFailures(lines, 'run-1'), 3);
    assert.equal(countInfrastructureFailures(lines, 'run-2'), 0, 'a new run has its full budget');
  });

  it('counts no attempt that left more on disk than the one before, however it ended', async () => {
    const chain = chainOf('further');
    const attempts: [AttemptEnd['outcome'] | 'lost', string | null, number][] = [
      ['failed', 'TRAINER_CRASHED', 0],
      ['failed', 'TRAINER_STALLED', 3],
      ['lost', null, 4],
      ['failed', 'TRAINER_CRASHED', 4],
      ['failed', 'TRAINER_CRASHED', 6],
    ];
    for (const [index, [outcome, code, reached]] of attempts.entries()) {
      const fence = index + 1;
      await startAttempt(chain, start(fence, { reached }), claim(fence));
      if (outcome !== 'lost') await endAttempt(chain, end(fence, outcome, code), claim(fence));
    }
    const lines = await chain.read();
    assert.equal(countInfrastructureFailures(lines, 'run-1'), 1, 'the lost one alone got no further');
    assert.equal(countInfrastructureFailures(lines, 'run-1', 6), 2, 'nor did the last one');
    assert.equal(countInfrastructureFailures(lines, 'run-1', 7), 1);
  });

  it('counts no attempt that was lost because an outage kept its ending from being written', async () => {
    const chain = chainOf('outage');
    for (const [fence, outage] of [
      [1, false],
      [2, true],
      [3, false],
    ] as const)
      await startAttempt(chain, start(fence), claim(fence), outage);
    const lines = await chain.read();
    assert.deepEqual(
      lines.flatMap((line) => (line.type === 'attempt-lost' ? [[line.fence, line.outage]] : [])),
      [
        [1, true],
        [2, undefined],
      ],
    );
    assert.equal(countInfrastructureFailures(lines, 'run-1'), 1);
  });

  it('serialises concurrent writers of an experiment’s chain, and is idempotent', async () => {
    const store = createFolderStore(folder.path());
    const opening = {
      experimentId: 'e-1',
      definitionDigest: sha('d'),
      definition: { name: 'x' },
      actor: 'a',
    };
    await openExperimentLedger(store, opening);
    const record = (n: number): Parameters<typeof recordStages>[2] => [
      { stage: sha(`${n}`), kind: 'evaluate', cached: false, artifact: sha(`a${n}`), stageHead: null },
    ];
    await Promise.all([1, 2, 3, 4, 5].map((n) => recordStages(store, 'e-1', record(n))));
    const chain = store.chain({ experiment: 'e-1' });
    assert.equal((await chain.read()).length, 6);
    const head = await chain.head();
    assert.equal(await openExperimentLedger(store, opening), head);
    assert.equal(await recordStages(store, 'e-1', record(3)), head);
  });
});
