import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Activities } from '../../../activities';
import { analyzeSweep } from '../../../analysis';
import { startSweep, watchSweep } from '../../../client';
import { baseItemsKey } from '../../../contracts/analysis/sweep';
import type { SweepProgress } from '../../../contracts/results';
import type { PlannedStage, StageKey } from '../../../contracts/stage';
import type { SweepInput } from '../../../definitions';
import { planBaseTest, planGrid, planTest } from '../../../planning';
import { membersOf } from '../../../planning/members';
import { createFolderStore } from '../../../store';
import { withIdleWorkers } from '../../support/idle-bench';
import { resolveTinySweep, runSweep, withWorkers } from '../../support/sweep-bench';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder } from '../../support/temporary';
import { failedForGood } from '../../support/failing-stage';

const evaluation = { items: 100, maxNewTokens: 8, split: 'validation' } as const;
const resolveChosen = (change: Partial<SweepInput> = {}) =>
  resolveTinySweep({ budgets: [8, 16], sftFractions: [1, 0.5], evaluation, ...change });

/** SFT share 0.5 wins on validation items and loses on test items; the base model scores 0.2 on both. */
async function scoresOf(resolved: Awaited<ReturnType<typeof resolveChosen>>) {
  const plan = await planGrid(resolved);
  const scores = new Map<StageKey, number>();
  for (const planned of plan.cells) {
    const isMixture = planned.cell.sftFraction === 0.5;
    scores.set(planned.evaluation!.key, isMixture ? 0.8 : 0.6);
    const [test] = planTest({ of: planned.cell.id, planned });
    scores.set(test!.stage.key, isMixture ? 0.4 : 0.7);
  }
  const metricsOf = ({ key, makes }: PlannedStage) => {
    const score = scores.get(key) ?? 0.2;
    return makes === 'scores' ? { items: 100, score } : { items: 100, score: 0 };
  };
  return { plan, metricsOf };
}

describe('a sweep that chooses by validation items', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();

  it('scores its choice on test items, however the others would do there', async () => {
    const resolved = await resolveChosen({ name: 'chosen', seeds: [0, 1] });
    const { plan, metricsOf } = await scoresOf(resolved);
    const ran: string[] = [];
    const { result } = await withIdleWorkers(
      { metricsOf, onStage: (_, { key }) => void ran.push(key) },
      (client) => runSweep(client, resolved),
    );
    const chosen = plan.cells.filter(({ cell }) => cell.sftFraction === 0.5);
    const controls = result.controls.map(({ of, kind }) => `${of}/${kind}`);
    assert.equal(controls.length, 8, 'SFT on chosen answers of each winner, and its warm start');
    assert.deepEqual(
      result.tests.map(({ of }) => of).sort(),
      [baseItemsKey, ...chosen.map(({ cell }) => cell.id), ...controls].sort(),
    );
    // At 8 rows, SFT share 1 is the warm start of a mixture of 16.
    const others = plan.cells.filter(({ cell }) => cell.sftFraction === 1 && cell.budget === 16);
    const unwanted = others.flatMap((planned) => planTest({ of: '', planned }));
    assert.ok(
      unwanted.every(({ stage }) => !ran.includes(stage.key)),
      'no other split saw test items',
    );
    const { budgets, answer } = analyzeSweep({ result, definition: resolved.definition, items: new Map() });
    for (const { sftFraction, score, test } of budgets) {
      assert.deepEqual([sftFraction, score.estimate], [0.5, 0.8]);
      assert.deepEqual([test?.score.estimate, test?.items], [0.4, 100]);
      assert.equal(test?.aboveBase?.estimate.toFixed(6), '0.200000');
    }
    assert.match(answer, /On 100 test items it scores 0\.400/);
  });

  it('keeps the scores of earlier runs when it continues as new', async () => {
    const resolved = await resolveChosen({ name: 'continued', axes: { annotator: ['clean', 'slip'] } });
    const { plan, metricsOf } = await scoresOf(resolved);
    const store = createFolderStore(folder.path());
    const real = (): Partial<Activities> => ({
      storeDocument: ({ document }) => store.storeDocument(document),
    });
    const { result, progress } = await withIdleWorkers({ metricsOf, real }, async (client) => {
      const started = await startSweep(resolved, { client, orchestration: { maxCellsPerRun: 3 } });
      const watched = await watchSweep({ client, plan, started, onStatus: () => undefined, store });
      const handle = client.workflow.getHandle(started.workflowId);
      return { result: watched, progress: await handle.query<SweepProgress>('progress') };
    });
    assert.equal(result.cells.length, 8);
    assert.deepEqual(
      result.tests.map(({ of, axes }) => [of === baseItemsKey, axes?.['annotator']]).sort(),
      ['clean', 'slip']
        .flatMap((name) => [...Array<boolean>(6).fill(false), true].map((is) => [is, name]))
        .sort(),
      'base model, two winners and their controls at each place',
    );
    assert.ok(result.tests.every(({ evaluation: found }) => found !== null));
    assert.equal(new Set(result.tests.map(({ of, axes }) => `${of} ${axes?.['annotator']}`)).size, 14);
    assert.equal(progress.phase, 'done');
    assert.ok(progress.tests.every(({ state }) => state === 'done'));
  });

  it('goes on if an evaluation on test items fails, and reports it', async () => {
    const resolved = await resolveChosen({ name: 'untested', budgets: [8], controls: [] });
    const { plan, metricsOf } = await scoresOf(resolved);
    const [base] = plan.variants.flatMap(planBaseTest);
    const real = (idle: Activities): Partial<Activities> => ({
      evaluate(request) {
        if (request.stage.key !== base?.stage.key) return idle.evaluate(request);
        throw failedForGood();
      },
    });
    const { result } = await withIdleWorkers({ metricsOf, real }, (client) => runSweep(client, resolved));
    assert.deepEqual(
      result.tests.map(({ evaluation: found, failure }) => [found?.score, failure?.code]),
      [
        [undefined, 'DATA_INVALID'],
        [0.4, undefined],
      ],
    );
  });

  it('chooses nothing, and scores nothing of it, at a budget where a split failed', async () => {
    const controls = ['warm-start', 'sft-on-chosen', 'few-shot'] as const;
    const resolved = await resolveChosen({ name: 'missing', controls: [...controls] });
    const { plan, metricsOf } = await scoresOf(resolved);
    const lost = plan.cells.find(({ cell }) => cell.sftFraction === 1 && cell.budget === 16)!;
    const real = (idle: Activities): Partial<Activities> => ({
      evaluate(request) {
        if (request.stage.key !== lost.evaluation?.key) return idle.evaluate(request);
        throw failedForGood();
      },
    });
    const { result } = await withIdleWorkers({ metricsOf, real }, (client) => runSweep(client, resolved));
    assert.deepEqual(
      result.failedCells.map(({ cell }) => cell.id),
      [lost.cell.id],
    );
    const chosen = plan.cells.find(({ cell }) => cell.sftFraction === 0.5 && cell.budget === 8)!.cell.id;
    const prompted = plan.controls.certain.find(({ kind }) => kind === 'few-shot')!.id;
    assert.deepEqual(
      result.tests.map(({ of }) => of).sort(),
      [baseItemsKey, chosen, `${chosen}/sft-on-chosen`, `${chosen}/warm-start`, prompted].sort(),
    );
    const { budgets, tests } = analyzeSweep({ result, definition: resolved.definition, items: new Map() });
    assert.deepEqual(
      budgets.map(({ noWinner, test }) => [noWinner, test === null]),
      [
        [null, false],
        ['missing-split', true],
      ],
    );
    assert.ok(tests.every(({ budget }) => budget !== 16));
  });

  it('finds the model of a cell whose score a result decided about, also in a later run', async () => {
    const resolved = await resolveTinySweep(
      {
        name: 'decided',
        budgets: [6, 8],
        sftFractions: [0.5],
        evaluation: { items: 4, maxNewTokens: 48, split: 'validation' },
        pipeline: { module: './until-solved.ts', export: 'untilSolved' },
      },
      { baseDir: join(__dirname, '..', '..', 'support', 'toys') },
    );
    const home = folder.at('decided');
    const orchestration = { maxCellsPerRun: 1, maxConcurrentCells: 1 };
    const { plan, result } = await withWorkers(
      home,
      (client) => runSweep(client, resolved, { orchestration, home }),
      { members: membersOf(resolved) },
    );
    assert.deepEqual(
      plan.cells.map((cell) => cell.evaluation),
      [null, null],
    );
    assert.deepEqual(result.failedCells, []);
    const tested = result.tests.filter(({ of }) => of !== baseItemsKey);
    assert.deepEqual(tested.map(({ of }) => of).sort(), result.cells.map(({ cell }) => cell.id).sort());
    const store = createFolderStore(home);
    for (const { of, stages } of tested) {
      const { cell, evaluation: own } = result.cells.find((each) => each.cell.id === of)!;
      const inputs = async (key: StageKey) =>
        (await store.get({ kind: 'evaluate', key }))?.manifest.inputs ?? assert.fail(cell.id);
      assert.deepEqual(await inputs(stages[0]!.key), await inputs(own.key), 'the model behind the score');
    }
  });
});
