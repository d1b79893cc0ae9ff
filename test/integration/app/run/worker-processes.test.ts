import { strict as assert } from 'node:assert';
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitStatusOf } from '../../../../cli/exit-status';
import { createWorkerProcesses, type WorkerProcesses } from '../../../../app/run/worker-processes';
import type { BudgetlineError } from '../../../../core/failures';
import { temporaryFolder } from '../../../support/temporary';

describe('worker processes of a run', function () {
  this.timeout(30_000);
  const folder = temporaryFolder();
  let workers: WorkerProcesses | undefined;
  afterEach(() => workers?.kill());

  /** Workers that count their starts in a file and exit with a status, until the file `stay` exists. */
  function startThese(status: number): { lives: () => number; stay: () => void; gaveUp: BudgetlineError[] } {
    const [lives, stay, script] = [
      folder.at(`lives-${status}`),
      folder.at(`stay-${status}`),
      folder.at('worker.js'),
    ];
    writeFileSync(
      script,
      `const [lives, stay, status] = process.argv.slice(2);
       require('node:fs').appendFileSync(lives, 'x');
       if (require('node:fs').existsSync(stay)) process.stdin.resume();
       else process.exit(Number(status));`,
    );
    appendFileSync(lives, '');
    const gaveUp: BudgetlineError[] = [];
    workers = createWorkerProcesses({
      queues: ['gpu'],
      commandFor: () => [process.execPath, script, lives, stay, String(status)],
      env: {},
      noServerStatus: exitStatusOf('TEMPORAL_MISSING'),
      logDir: folder.at('logs'),
      onNotice: () => undefined,
      onGiveUp: (error) => gaveUp.push(error),
    });
    workers.start();
    return { lives: () => readFileSync(lives).length, stay: () => writeFileSync(stay, ''), gaveUp };
  }

  it('that exit within seconds five times in a row are given up, with the path of their log', async () => {
    const { lives, gaveUp } = startThese(1);
    while (gaveUp.length === 0) await sleep(50);
    assert.equal(lives(), 5);
    assert.match(gaveUp[0]?.remedy ?? '', /worker-gpu\.log/);
    assert.ok(existsSync(folder.at('logs/worker-gpu.log')));
  });

  it('that cannot be spawned are retried, then given up', async () => {
    const [notices, gaveUp]: [string[], BudgetlineError[]] = [[], []];
    workers = createWorkerProcesses({
      queues: ['cpu'],
      commandFor: () => [folder.at('no-such-program')],
      env: {},
      noServerStatus: exitStatusOf('TEMPORAL_MISSING'),
      logDir: folder.at('logs'),
      onNotice: (text) => notices.push(text),
      onGiveUp: (error) => gaveUp.push(error),
    });
    workers.start();
    while (gaveUp.length === 0) await sleep(50);
    assert.equal(notices.length, 4);
    assert.match(gaveUp[0]?.message ?? '', /The cpu worker could not be started \(spawn .*ENOENT\), 5 times/);
    await workers.stop();
  });

  it('whose log cannot be written any more are given up, with the reason', async () => {
    const { lives, gaveUp } = startThese(3);
    while (lives() < 1) await sleep(10);
    rmSync(folder.at('logs'), { recursive: true });
    writeFileSync(folder.at('logs'), 'no folder');
    while (gaveUp.length === 0) await sleep(50);
    rmSync(folder.at('logs'));
    assert.match(gaveUp[0]?.message ?? '', /could not be started \(.*worker-gpu\.log.*\)/);
  });

  it('that find no server are restarted until it is back', async () => {
    const { lives, stay, gaveUp } = startThese(exitStatusOf('TEMPORAL_MISSING'));
    while (lives() < 7) await sleep(50);
    stay();
    while (lives() < 8) await sleep(50);
    assert.deepEqual(gaveUp, []);
  });
});
