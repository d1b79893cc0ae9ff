import { createHash } from 'node:crypto';
import assert from 'node:assert/strict';
import { workflowBundleDigest } from '../../../client';
import { baseItemsKey } from '../../../contracts/analysis/sweep';
import type { StageResult } from '../../../contracts/stage';
import { controlIdOf, type SweepResult } from '../../../contracts/results';
import type { SweepInput } from '../../../definitions';
import { createFolderStore } from '../../../store';
import { listPriceUsd, type SweepPlan, uniquePurchase } from '../../../planning';
import { gradeSchoolMathDefaults } from '../../../tasks';
import { readTrainerStarts } from '../../support/counted-trainer';
import { recordHistory, recording } from '../../support/record-histories';
import { resolveTinySweep, runSweep, withWorkers, type RanSweep } from '../../support/sweep-bench';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder } from '../../support/temporary';

const sha = (bytes: Uint8Array = new Uint8Array()): string =>
  createHash('sha256').update(bytes).digest('hex');
const allStages = ({ baseStages, cells, controls, tests }: SweepResult): StageResult[] => [
  ...baseStages,
  ...[...cells, ...controls, ...tests].flatMap(({ stages }) => stages),
];

/** Keys of the stages that start the training executable. */
const trainedKeys = ({ stages }: SweepPlan): string[] =>
  stages.flatMap(({ stage }) => (stage.queue === 'cpu' ? [] : [stage.key]));

const sorted = (values: Iterable<string>): string[] => [...new Set(values)].sort();

/** Compared on validation items; what was chosen is then scored on test items. */
const resolveChosen = (change: Partial<SweepInput> = {}) =>
  resolveTinySweep({ evaluation: { items: 12, maxNewTokens: 48, split: 'validation' }, ...change });

describe('a sweep', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();
  let first: RanSweep;

  before(async () => {
    const resolved = await resolveChosen();
    first = await withWorkers(folder.path(), async (client) => {
      const ran = await runSweep(client, resolved);
      const mixture = ran.result.cells.find(({ cell }) => cell.sftRows > 0 && cell.pairRows > 0);
      if (recording) await recordHistory(client, 'sweep', ran.plan.sweepId);
      if (recording) await recordHistory(client, 'cell', mixture?.cell.id ?? '');
      return ran;
    });
  });

  it('runs every cell, and every stage once, also if cells share it', () => {
    const { plan, result } = first;
    assert.deepEqual(result.failedCells, []);
    assert.deepEqual(
      sorted(result.cells.map(({ cell }) => cell.id)),
      sorted(plan.cells.map(({ cell }) => cell.id)),
    );
    const used = plan.cells.flatMap(({ stages }) => stages);
    assert.ok(used.length > plan.stages.length - plan.base.length, 'the grid has shared stages');
    const controls = result.controls.flatMap(({ stages }) => stages).map(({ key }) => key);
    const starts = readTrainerStarts(folder.path());
    const control = controls.filter((key) => !plan.stages.some(({ stage }) => stage.key === key));
    const tests = result.tests.flatMap(({ stages }) => stages).map(({ key }) => key);
    const expected = [...trainedKeys(plan), ...control, ...tests];
    assert.deepEqual(sorted(starts.map(({ id }) => id)), sorted(expected));
    const jobs = starts.map(({ jobPath }) => jobPath);
    assert.equal(new Set(jobs).size, jobs.length, 'no job was started twice');
  });

  it('evaluates the warm start of every mixture, and trains the best mixture of each budget on its chosen answers', () => {
    const { cells, controls } = first.result;
    const mixtures = cells.filter(({ cell }) => cell.sftFraction === 0.5).map(({ cell }) => cell.id);
    for (const kind of ['warm-start', 'sft-on-chosen'] as const)
      assert.deepEqual(
        sorted(controls.filter((control) => control.kind === kind).map(({ of }) => of)),
        sorted(mixtures),
      );
    const evaluationOf = (budget: number, sftFraction: number) =>
      cells.find(({ cell }) => cell.budget === budget && cell.sftFraction === sftFraction)!;
    const { cell } = evaluationOf(16, 0.5);
    const warm = controls.find(({ kind, of }) => kind === 'warm-start' && of === cell.id);
    const pure = evaluationOf(8, 1).evaluation;
    assert.equal(warm?.evaluation.digest, pure.digest, 'SFT on 8 demonstrations is evaluated once');
    assert.equal(
      controls.every(({ annotationUsd }) => annotationUsd > 0),
      true,
    );
  });

  it('counts the cost of a stage once, however many cells share it', () => {
    const { plan, result } = first;
    const ran = new Set(allStages(result).map(({ key }) => key));
    const controls = [...plan.controls.winnerControls, ...plan.controls.certain];
    const stages = [
      ...plan.stages.map(({ stage }) => stage),
      ...controls.flatMap((control) => control.stages),
    ];
    const bought = stages.filter(({ key }) => ran.has(key));
    const purchase = uniquePurchase(bought);
    assert.equal(result.cost.attempts, ran.size, 'one each without disturbance');
    assert.ok(purchase.demonstrations > 0 && purchase.pairs > 0);
    assert.equal(gradeSchoolMathDefaults.prices.verifierCall, 0, 'planned calls cost as much as real ones');
    assert.equal(result.spend?.usd.toFixed(6), listPriceUsd(bought).toFixed(6));
  });

  it('puts every artifact into the store, and anchors its ledger in the result', async () => {
    const store = createFolderStore(folder.path());
    const results = allStages(first.result);
    for (const { kind, key, digest } of results)
      assert.equal((await store.verify({ kind, key })).manifest.digest, digest);
    const lines = await store.chain({ experiment: first.plan.sweepId }).read();
    const recorded = lines.flatMap((line) => (line.type === 'stage-recorded' ? [line.stage] : []));
    assert.deepEqual(sorted(recorded), sorted(results.map(({ key }) => key)));
    assert.equal(lines[0]?.type, 'experiment-opened');
    assert.match(first.result.ledgerHead ?? '', /^[0-9a-f]{64}$/);
  });

  it('exports its histories and its children’s, and anchors the head after them', async () => {
    const store = createFolderStore(folder.path());
    const { anchor, cells, ledgerHead } = first.result;
    const lines = await store.chain({ experiment: first.plan.sweepId }).read();
    const exported = lines.flatMap((line) => (line.type === 'history-exported' ? [line] : []));
    assert.deepEqual(
      sorted(exported.map(({ workflowId }) => workflowId)),
      sorted([first.plan.sweepId, ...cells.map(({ cell }) => cell.id)]),
    );
    for (const { runId, sha256, codeDigest } of exported) {
      assert.equal(sha(await store.read({ history: runId })), sha256);
      assert.equal(codeDigest, workflowBundleDigest());
      assert.equal(sha(await store.read({ code: codeDigest })), codeDigest);
    }
    assert.deepEqual([anchor?.head, anchor?.lines], [ledgerHead, lines.length]);
    assert.equal(anchor?.signature, undefined, 'no key, no signature');
  });

  it('reports stages while they run', () => {
    const { plan, statuses } = first;
    const titles = new Set(statuses.flatMap(({ running }) => running.map(({ stage }) => stage?.title)));
    assert.ok(
      [...titles].some((title) => title?.startsWith('SFT on')),
      [...titles].join(', '),
    );
    const known = new Set(plan.stages.map(({ stage }) => stage.key));
    for (const { finished } of statuses) for (const key of finished) assert.ok(known.has(key));
    const counts = statuses.map(({ finished }) => finished.size);
    assert.deepEqual(
      counts,
      [...counts].sort((a, b) => a - b),
      'finished stages stay finished',
    );
    assert.ok((counts.at(-1) ?? 0) > 0);
  });

  it('scores what was chosen on test items, once', () => {
    const { plan, result } = first;
    const ids = result.tests.map(({ of }) => of);
    const ran = result.controls.map(controlIdOf);
    const winners = plan.cells.filter(({ cell }) => ids.includes(cell.id));
    assert.deepEqual(sorted(winners.map(({ cell }) => String(cell.budget))), ['16', '8']);
    assert.deepEqual(sorted(ids), sorted([baseItemsKey, ...winners.map(({ cell }) => cell.id), ...ran]));
    for (const { evaluation, stages } of result.tests) {
      assert.equal(evaluation?.items, 12);
      assert.deepEqual(
        stages.map(({ title }) => title),
        ['Evaluation on 12 test items'],
      );
    }
    assert.deepEqual(plan.base.map(({ title }) => title).at(-1), 'Evaluation on 12 validation items');
  });

  it('takes everything from the store when it is run again', async () => {
    const before = readTrainerStarts(folder.path()).length;
    const resolved = await resolveChosen();
    const again = await withWorkers(folder.path(), (client) => runSweep(client, resolved));
    assert.equal(readTrainerStarts(folder.path()).length, before);
    assert.ok(allStages(again.result).every(({ cached }) => cached));
    for (const list of ['cells', 'tests'] as const)
      assert.deepEqual(
        again.result[list].map(({ evaluation }) => evaluation),
        first.result[list].map(({ evaluation }) => evaluation),
      );
    assert.equal(again.result.cost.deviceMs, 0);
  });

  it('runs nothing again for another price, and only what is new for another budget', async () => {
    const before = readTrainerStarts(folder.path()).length;
    const prices = { sftExample: 5, preferencePair: 1 };
    const dearer = await resolveChosen({ prices });
    const wider = await resolveChosen({ prices, budgets: [8, 16, 24], sftFractions: [1], controls: [] });
    const [priced, widened] = await withWorkers(folder.path(), async (client) => [
      await runSweep(client, dearer),
      await runSweep(client, wider),
    ]);
    assert.notEqual(priced.plan.sweepId, first.plan.sweepId);
    assert.ok(allStages(priced.result).every(({ cached }) => cached));
    const added = readTrainerStarts(folder.path()).slice(before);
    const known = new Set(first.plan.stages.map(({ stage }) => stage.key));
    const expected = trainedKeys(widened.plan).filter((key) => !known.has(key));
    assert.equal(expected.length, 3, 'SFT, its reference and its evaluation');
    const tested = widened.result.tests.flatMap(({ stages }) => stages).filter(({ cached }) => !cached);
    assert.ok(tested.length > 0, 'the best split of the new budget was not scored on test items before');
    assert.deepEqual(
      sorted(added.map(({ id }) => id)),
      sorted([...expected, ...tested.map(({ key }) => key)]),
    );
  });

  it('continues without a cell that fails, and says why', async () => {
    const pool = { source: 'synthetic', pool: 24, validation: 4, test: 20 } as const;
    // There are too few problems for sixteen pairs, but enough for SFT alone.
    const resolved = await resolveTinySweep({
      name: 'failed-cells',
      data: pool,
      budgets: [24],
      sftFractions: [1, 0.25],
    });
    const { plan, result } = await withWorkers(folder.path(), async (client) => {
      const ran = await runSweep(client, resolved);
      if (recording) await recordHistory(client, 'sweep-with-failed-cell', ran.plan.sweepId);
      return ran;
    });
    assert.deepEqual(
      result.cells.map(({ cell }) => cell.sftFraction),
      [1],
    );
    assert.deepEqual(
      result.failedCells.map(({ cell, code }) => ({ fraction: cell.sftFraction, code })),
      [{ fraction: 0.25, code: 'POOL_EXHAUSTED' }],
    );
    assert.match(result.failedCells[0]?.message ?? '', /pairs/);
    const failedCell = plan.cells.find(({ cell }) => cell.sftFraction === 0.25);
    const finished = failedCell?.stages.slice(0, 3).map(({ key }) => key) ?? [];
    const lines = await createFolderStore(folder.path()).chain({ experiment: plan.sweepId }).read();
    const recorded = lines.flatMap((line) => (line.type === 'stage-recorded' ? [line.stage] : []));
    assert.deepEqual(
      finished.filter((key) => !recorded.includes(key)),
      [],
      'the ledger has its finished stages',
    );
  });
});
