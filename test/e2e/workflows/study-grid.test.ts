import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Activities, createActivities } from '../../../activities';
import { resolveDefinition, defineSweep, type SweepInput } from '../../../definitions';
import { createFolderStore } from '../../../store';
import { gradeSchoolMathDefaults } from '../../../tasks';
import { coinTask } from '../../support/coin-task';
import { withIdleWorkers } from '../../support/idle-bench';
import { runSweep, type RanSweep } from '../../support/sweep-bench';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder } from '../../support/temporary';

const budgets = [100, 500, 1000, 5000, 10_000, 20_000];

/** The study's grid and its warm starts: the cells with SFT. */
function resolveStudy(change: Partial<SweepInput> = {}) {
  const definition = defineSweep({
    ...gradeSchoolMathDefaults,
    name: 'study',
    task: 'coin',
    annotator: 'counter',
    controls: [],
    data: { source: 'synthetic', pool: 20_000, validation: 1, test: 400 },
    budgets,
    sftFractions: [1, 0.75, 0.5, 0.25, 0.1, 0.01],
    ...change,
  });
  return resolveDefinition(definition, { tasks: [coinTask] });
}

describe('the study’s grid', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();
  const script = (): string => folder.at('script.json');
  const trainers = (): number => readFileSync(`${script()}.starts`, 'utf8').trim().split('\n').length;
  let [first, second]: RanSweep[] = [];
  let trainersOfFirst = 0;

  before(async () => {
    const home = folder.at('home');
    const store = createFolderStore(home);
    await store.prepare();
    // Sends hello and a result: here a training run costs one process and nothing else.
    writeFileSync(script(), JSON.stringify([['hello', 'result']]));
    const command = [process.execPath, resolve(__dirname, '../../support/scripted-trainer.js'), script()];
    const { trainSft, synthesizeData } = createActivities({
      ...{ store, home, tasks: [coinTask] },
      trainer: { command },
    });
    const real = (idle: Activities): Partial<Activities> => ({
      trainSft,
      synthesizeData: (request) =>
        (request.stage.rows?.source.what === 'demonstrations' ? synthesizeData : idle.synthesizeData)(
          request,
        ),
    });
    await withIdleWorkers({ real }, async (client) => {
      first = await runSweep(client, await resolveStudy());
      trainersOfFirst = trainers();
      second = await runSweep(client, await resolveStudy({ budgets: [50, ...budgets] }));
    });
  });

  it('starts 23 trainers for its 36 cells with SFT', () => {
    assert.equal(first?.result.cells.filter(({ cell }) => cell.sftRows > 0).length, 36);
    assert.equal(trainersOfFirst, 23);
  });

  it('runs none of it again in a sweep that contains it', () => {
    assert.deepEqual(second?.result.failedCells, []);
    // Of the new budget's 50, 38, 25, 13, 5 and 1 demonstrations, the first sweep has all but 38 and 13.
    assert.deepEqual([second.result.cells.length, trainers() - trainersOfFirst], [42, 2]);
  });
});
