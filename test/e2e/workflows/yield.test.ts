import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import {
  readStatus,
  startSweep,
  steerRun,
  type SweepStatus,
  type WatchOptions,
  watchSweep,
} from '../../../client';
import type { SteeringCommand } from '../../../schemas/steering';
import { planGrid } from '../../../planning';
import { cellsOf, until } from '../../support/going-sweep';
import { withIdleWorkers } from '../../support/idle-bench';
import { resolveTinySweep } from '../../support/sweep-bench';
import { acquisitionLimitMs } from '../../support/temporal';

const heartbeatSeconds = 2;

/** How a stage ends after it was asked to stop. */
type Ending = (context: Context) => Promise<never>;

const cancelled: Ending = async () => {
  await sleep(500);
  throw new CancelledFailure('CANCELLED');
};

const endings: Readonly<Record<string, Ending>> = {
  'as cancelled': cancelled,
  'with its worker': () => {
    throw ApplicationFailure.create({ type: 'WORKER_STOPPING', message: 'The worker is stopping.' });
  },
  'without an error of its own': async () => {
    await sleep((heartbeatSeconds + 2) * 1_000);
    throw new Error('never read');
  },
  'with a failure of its own': () => {
    throw ApplicationFailure.create({ type: 'DATA_INVALID', message: 'A row.', nonRetryable: true });
  },
};

interface Steered {
  readonly client: Client;
  readonly sweepId: string;
  readonly cellId: string;
  /** How often training was requested. */
  readonly asked: () => number;
  /** The stages that run or wait for a worker, by title, and the number of finished ones. */
  readonly watch: () => Promise<string>;
  readonly steer: (command: SteeringCommand, workflowId?: string) => Promise<void>;
  readonly result: () => Promise<string>;
}

/** What a new watcher sees now. */
async function lookOnce(watched: Pick<WatchOptions, 'client' | 'plan' | 'started'>): Promise<SweepStatus> {
  const enough = new AbortController();
  let seen: SweepStatus | undefined;
  const onStatus = (status: SweepStatus): void => {
    seen = status;
    enough.abort(new Error('seen'));
  };
  await assert.rejects(watchSweep({ ...watched, onStatus, signal: enough.signal }), { message: 'seen' });
  return seen!;
}

/** How training behaves in the test that runs now. */
interface Training {
  readonly ending: Ending;
  /** How long it takes when it is requested again. */
  readonly againMs: number;
  asked: number;
  readonly requests: Set<string>;
}

let training: Training;

/** Training runs until it is asked to stop, and then ends the test's way; requested again, it finishes. */
const real: Parameters<typeof withIdleWorkers>[0]['real'] = (idle) => ({
  async trainSft(request) {
    training.asked += 1;
    training.requests.add(Context.current().info.activityId);
    if (training.asked > 1) return sleep(training.againMs).then(() => idle.trainSft(request));
    const context = Context.current();
    const beating = setInterval(() => context.heartbeat({ key: request.stage.key }), 100);
    await context.cancelled.catch(() => undefined).finally(() => clearInterval(beating));
    return training.ending(context);
  },
  async cancelRun({ workflowId, runId }) {
    await Context.current().client.workflow.getHandle(workflowId, runId).cancel();
  },
});

/** Runs `use` with a sweep of one cell that trains. */
async function withTraining(
  client: Client,
  { ending, againMs = 0 }: { readonly ending: Ending; readonly againMs?: number },
  use: (sweep: Steered) => Promise<void>,
): Promise<void> {
  const resolved = await resolveTinySweep({ name: 'yields', budgets: [8], sftFractions: [1], controls: [] });
  const plan = await planGrid(resolved);
  const { sweepId, cells } = plan;
  const cellId = cells[0]?.cell.id ?? '';
  const now: Training = { ending, againMs, asked: 0, requests: new Set() };
  training = now;
  const started = await startSweep(resolved, { client, orchestration: { heartbeatSeconds } });
  const { handle } = started;
  await until('it trains', () => Promise.resolve(now.asked === 1));
  await sleep(300);
  const steer = (command: SteeringCommand, workflowId = sweepId): Promise<void> =>
    steerRun({ client, workflowId, command, actor: 'ann' });
  const result = (): Promise<string> =>
    handle.result().then(
      ({ cells: done, failedCells }) =>
        [`${done.length} done`, ...failedCells.map(({ code }) => code)].join(),
      async () => (await handle.describe()).status.name,
    );
  const watch = async (): Promise<string> => {
    const { running, finished } = await lookOnce({ client, plan, started });
    return `${running.map(({ stage }) => stage?.title ?? '').join()}; ${finished.size} finished`;
  };
  await use({ client, sweepId, cellId, asked: () => now.asked, watch, steer, result });
  assert.equal(now.requests.size, 1, 'what it spent before it yielded counts for the same request');
}

const giveBack = { action: 'pause', mode: 'yield' } as const;
const resume = { action: 'resume' } as const;

/** Waits until the cell has no running activity. */
const untilQuiet = ({ client, cellId }: Steered): Promise<void> =>
  until('the stage has ended', async () => (await readStatus(client, cellId)).pending.length === 0);

describe('a stage that yields', function () {
  this.timeout(acquisitionLimitMs);
  let client: Client;
  let end: () => void;
  let workers: Promise<void>;

  // Workers for all tests: to start them takes a second.
  before(
    () =>
      new Promise<void>((begin, fail) => {
        workers = withIdleWorkers({ real }, (connected) => {
          client = connected;
          begin();
          return new Promise<void>((done) => (end = done));
        });
        workers.catch(fail);
      }),
  );
  after(async () => {
    end();
    await workers;
  });

  const steered = (
    ending: Ending,
    use: (sweep: Steered) => Promise<void>,
    { againMs }: { readonly againMs?: number } = {},
  ): Promise<void> => withTraining(client, { ending, againMs }, use);

  for (const [how, ending] of Object.entries(endings)) {
    it(`is requested again if the run is resumed before it ended ${how}`, () =>
      steered(ending, async ({ steer, result, asked }) => {
        await steer(giveBack);
        await steer(resume);
        assert.equal(await result(), '1 done');
        assert.equal(asked(), 2);
      }));

    it(`waits for the resume after it ended ${how}`, () =>
      steered(ending, async (sweep) => {
        await sweep.steer(giveBack);
        await untilQuiet(sweep);
        const [cell] = cellsOf(await readStatus(sweep.client, sweep.sweepId));
        assert.deepEqual([cell?.state, sweep.asked()], ['running', 1]);
        await sweep.steer(resume);
        assert.equal(await sweep.result(), '1 done');
      }));
  }

  it('waits again if the run is paused again before it ended', () =>
    steered(cancelled, async (sweep) => {
      await sweep.steer(giveBack);
      await sweep.steer(resume);
      await sweep.steer(giveBack);
      await untilQuiet(sweep);
      assert.equal(sweep.asked(), 1);
      await sweep.steer(resume);
      assert.equal(await sweep.result(), '1 done');
    }));

  it('has its own name when it is requested again, and is not finished before it ends', () =>
    steered(
      cancelled,
      async (sweep) => {
        const { steer, watch, asked, result } = sweep;
        const training = 'SFT on 8 demonstrations; 3 finished';
        assert.equal(await watch(), training, 'the base, its evaluation and the demonstrations');
        await steer(giveBack);
        await untilQuiet(sweep);
        await steer(resume);
        await until('it trains again', () => Promise.resolve(asked() === 2));
        assert.equal(await watch(), training);
        assert.equal(await result(), '1 done');
      },
      { againMs: (heartbeatSeconds * 1_000) / 2 },
    ));

  it('is requested again if only its cell was paused and resumed', () =>
    steered(cancelled, async ({ steer, result, cellId }) => {
      await steer(giveBack, cellId);
      await steer(resume, cellId);
      assert.equal(await result(), '1 done');
    }));

  for (const [how, ending] of Object.entries(endings))
    it(`ends with the run that is cancelled while it ends ${how}`, () =>
      steered(ending, async ({ steer, result, asked }) => {
        await steer(giveBack);
        await steer({ action: 'cancel' });
        assert.equal(await result(), 'CANCELLED');
        assert.equal(asked(), 1);
      }));

  it('leaves a failed cell if its cell is cancelled while the sweep is paused, and the sweep goes on', () =>
    steered(cancelled, async (sweep) => {
      await sweep.steer(giveBack);
      await untilQuiet(sweep);
      await sweep.steer({ action: 'cancel' }, sweep.cellId);
      await sweep.steer(resume);
      assert.equal(await sweep.result(), '0 done,RUN_ENDED');
    }));
});
