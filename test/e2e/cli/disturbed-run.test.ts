import { strict as assert } from 'node:assert';
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SweepResult } from '../../../contracts/results';
import { createFolderStore } from '../../../store';
import { untilCheckpointed } from '../../support/running-trainers';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder, temporaryHome } from '../../support/temporary';
import { call, processesOf, start, type Ended } from '../../support/cli/executable';

/** One cell, with training stages that are long enough to interrupt. */
const sweep = `import { defineSweep, gradeSchoolMathDefaults } from 'budgetline';
const { sft, preference } = gradeSchoolMathDefaults;
export default defineSweep({
  ...gradeSchoolMathDefaults,
  name: 'disturbed',
  annotator: 'majority-error',
  budgets: [32],
  sftFractions: [0.5],
  sft: { ...sft, epochs: 24 },
  preference: { ...preference, epochs: 12 },
  evaluation: { items: 8, maxNewTokens: 48 },
  controls: [],
  execution: { checkpointEverySteps: 2 },
});
`;

type Digests = Record<string, string>;

function resultOf({ status, stdout, stderr }: Ended): SweepResult {
  assert.equal(status, 0, stderr);
  return (JSON.parse(stdout) as { result: SweepResult }).result;
}

const digestsOf = ({ cells }: SweepResult): Digests =>
  Object.fromEntries(cells.flatMap(({ stages }) => stages.map(({ key, digest }) => [key, digest])));

describe('a run that is disturbed, through the executable', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();
  const homes = { quiet: temporaryHome(), cut: temporaryHome(), stopped: temporaryHome() };
  let undisturbed: Digests;
  let cut: Promise<Ended>;

  const words = (further: readonly string[] = []) => ['run', folder.at('sweep.ts'), '--json', ...further];
  const envOf = (home: string) => ({ env: { BUDGETLINE_HOME: home } });
  const run = (home: string): Promise<Ended> => call(words(), envOf(home));

  before(async () => {
    writeFileSync(folder.at('sweep.ts'), sweep);
    // At the same time as the undisturbed run: for most of it the server waits for heartbeats of dead workers.
    cut = cutPower();
    cut.catch(() => undefined);
    undisturbed = digestsOf(resultOf(await run(homes.quiet.path())));
  });

  interface Disturbance {
    readonly home: string;
    /** Called when a trainer of this command has written a checkpoint. */
    readonly command: string;
    readonly hit: (child: ChildProcess) => unknown;
    readonly further?: readonly string[];
  }

  async function disturb({ home, command, hit, further }: Disturbance): Promise<Ended> {
    const { child, ended } = start(words(further), envOf(home));
    const over = new AbortController();
    void ended.then(() => over.abort(new Error('the run ended undisturbed')));
    await untilCheckpointed({ home, command }, over.signal);
    await hit(child);
    return ended;
  }

  async function assertResumed(home: string, result: SweepResult, kind: string): Promise<void> {
    assert.deepEqual(digestsOf(result), undisturbed);
    const key = result.cells[0]?.stages.find((stage) => stage.kind === kind)?.key ?? '';
    const lines = await createFolderStore(home).chain({ stage: key }).read();
    const starts = lines.flatMap((line) => (line.type === 'attempt-started' ? [line] : []));
    assert.ok((starts.at(-1)?.resumedFromStep ?? 0) > 0, 'the last attempt resumed from a checkpoint');
    assert.deepEqual(await processesOf(home, { server: false }), [], 'nothing but the server is left');
  }

  /** Kills everything of a run while it trains, and calls its command again. */
  async function cutPower(): Promise<Ended> {
    const home = homes.cut.path();
    const hit = async ({ pid = 0 }: ChildProcess): Promise<void> => {
      const pids = await processesOf(home, { server: true });
      assert.ok(pids.length >= 5, 'command, server, two workers, trainer');
      for (const each of new Set([pid, ...pids])) process.kill(each, 'SIGKILL');
    };
    await disturb({ home, command: 'sft', hit });
    return run(home);
  }

  it('a power cut: command, workers, trainer and server die at once; the same command continues', async () => {
    await assertResumed(homes.cut.path(), resultOf(await cut), 'trainSft');
  });

  it('Ctrl-C: saves checkpoints, prints how to continue, leaves nothing running; the same command continues', async () => {
    const home = homes.stopped.path();
    const hit = (child: ChildProcess) => child.kill('SIGINT');
    const { status, stderr } = await disturb({ home, command: 'preference', hit });
    assert.equal(status, 130, stderr);
    assert.match(stderr, /To continue:\n +BUDGETLINE_HOME=.* run .*sweep\.ts --json/);
    assert.deepEqual(await processesOf(home, { server: false }), []);
    const again = await run(home);
    assert.match(again.stderr, /This sweep is already running; following it/);
    await assertResumed(home, resultOf(again), 'trainPreference');
  });

  it('the command alone is killed: its workers and trainers do not outlive it', async () => {
    const home = homes.stopped.path();
    const hit = (child: ChildProcess) => child.kill('SIGKILL');
    await disturb({ home, command: 'sft', hit, further: ['--seeds', '1'] });
    for (let n = 0; n < 600 && (await processesOf(home, { server: false })).length > 0; n++) await sleep(50);
    assert.deepEqual(await processesOf(home, { server: false }), []);
  });

  it('a finished one comes from the cache in seconds, and trains nothing', async () => {
    const again = resultOf(await run(homes.quiet.path()));
    assert.ok(again.cells[0]?.stages.every(({ cached }) => cached));
    assert.equal(again.cost.deviceMs, 0);
  });
});
