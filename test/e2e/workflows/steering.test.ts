import assert from 'node:assert/strict';
import { readAnchor, readTimeline, verifyRun } from '../../../audit';
import { listRunParts } from '../../../audit/run-files';
import { readStatus } from '../../../client';
import type { ResolvedSweep } from '../../../contracts/resolved';
import type { LedgerLine } from '../../../schemas/ledger';
import { createFolderStore } from '../../../store';
import { gradeSchoolMathDefaults } from '../../../tasks';
import { readTrainerStarts } from '../../support/counted-trainer';
import { cellsOf, Going, livingTrainers, until } from '../../support/going-sweep';
import { recordHistory, recording } from '../../support/record-histories';
import { resolveTinySweep, withWorkers } from '../../support/sweep-bench';
import { acquisitionLimitMs } from '../../support/temporal';
import { temporaryFolder } from '../../support/temporary';

const { sft } = gradeSchoolMathDefaults;

/** Two cells with trainings long enough to be steered. */
function resolveLong(): Promise<ResolvedSweep> {
  return resolveTinySweep({
    name: 'steered',
    budgets: [16, 24],
    sftFractions: [1],
    sft: { ...sft, epochs: 60 },
    controls: [],
    evaluation: { items: 4, maxNewTokens: 32 },
    execution: { checkpointEverySteps: 2 },
  });
}

describe('a sweep that is steered', function () {
  this.timeout(acquisitionLimitMs);
  const folder = temporaryFolder();

  async function trainingAttempts(): Promise<LedgerLine[]> {
    const store = createFolderStore(folder.path());
    const keys = [...new Set(readTrainerStarts(folder.path()).map(({ id }) => id))];
    const lines = await Promise.all(keys.map((key) => store.chain({ stage: key }).read()));
    return lines.flat().filter((line) => 'kind' in line && line.kind === 'trainSft');
  }

  const cancelled = (line: LedgerLine): boolean =>
    line.type === 'attempt-ended' && line.outcome === 'cancelled';

  /**
   * A run that did not end normally: the ledger records its finished stages, and its histories up to their
   * ends.
   */
  async function assertRecorded(going: Going, cellId: string): Promise<void> {
    const store = createFolderStore(folder.path());
    const lines = await going.lines();
    const recorded = lines.flatMap((line) => (line.type === 'stage-recorded' ? [line.kind] : []));
    for (const kind of ['freezeReference', 'evaluate', 'synthesizeData'])
      assert.ok(recorded.includes(kind), kind);
    assert.ok(!recorded.includes('trainSft'), 'unfinished stages are not recorded');
    const exported = lines.flatMap((line) => (line.type === 'history-exported' ? [line] : []));
    assert.ok(exported.some(({ workflowId }) => workflowId === going.id));
    const ofCell = exported.find(({ workflowId }) => workflowId === cellId);
    assert.ok(ofCell !== undefined, 'the histories of its cells are there');
    assert.match(
      String(await store.read({ history: ofCell.runId })),
      /EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED/,
    );
    const anchor = await readAnchor(createFolderStore(folder.path()), going.id);
    assert.ok(anchor !== undefined && anchor !== 'invalid' && anchor.lines === lines.length);
    await assertAudited(going.id);
  }

  /**
   * Its run history also has unfinished attempts, in a bundle too; verification finds nothing, and there is
   * no result to check.
   */
  async function assertAudited(experimentId: string): Promise<void> {
    const store = createFolderStore(folder.path());
    const { stages } = await readTimeline(store, experimentId);
    const training = stages.find(({ kind }) => kind === 'trainSft');
    const last = training?.attempts.at(-1);
    assert.deepEqual([training?.artifact, last?.outcome], [null, 'cancelled']);
    assert.match(training?.title ?? '', /^SFT on /);
    assert.ok((last?.cpuMs ?? 0) > 0, 'it reports what it had used when it was asked to stop');
    const parts = await listRunParts(store, experimentId);
    assert.ok(parts.some((part) => 'stage' in part && part.stage === training?.key));
    const { passed, checks } = await verifyRun({ store, home: folder.path(), experimentId });
    assert.ok(passed, JSON.stringify(checks));
    assert.match(checks.find(({ name }) => name === 'results')?.detail ?? '', /ann cancelled the run/);
  }

  it('yields its devices and takes them back, rejects invalid commands, is cancelled within seconds', async () => {
    await withWorkers(folder.path(), async (client) => {
      const going = await Going.begin({ client, home: folder.path() }, await resolveLong(), {
        maxCellsPerRun: 2,
      });
      await going.untilTraining();
      await assert.rejects(going.steer({ action: 'resume' }), { code: 'STEERING_REFUSED' });
      await assert.rejects(going.steer({ action: 'resume' }, 'nobody'), { code: 'RUN_UNKNOWN' });
      const [cell] = cellsOf(await going.status());
      const ofCell = going.steer({ action: 'concurrency', cells: 2 }, cell?.workflowId);
      await assert.rejects(ofCell, { code: 'STEERING_REFUSED', message: /sweep/ });
      await going.steer({ action: 'concurrency', cells: 2 });

      await going.steer({ action: 'pause', mode: 'yield' });
      await going.untilNoTrainer();
      const { progress } = await going.status();
      assert.ok(
        progress?.of === 'sweep' &&
          progress.sweep.paused === 'yield' &&
          progress.sweep.maxConcurrentCells === 2,
      );
      const starts = readTrainerStarts(folder.path()).length;
      await going.steer({ action: 'resume' });
      await until('it continues', () => Promise.resolve(readTrainerStarts(folder.path()).length > starts));
      await going.untilTraining();

      const startedMs = performance.now();
      await going.steer({ action: 'cancel' });
      await going.untilNoTrainer();
      const tookMs = performance.now() - startedMs;
      await assert.rejects(going.result, { code: 'RUN_ENDED' });
      assert.ok(tookMs < 5_000, `no trainer after ${Math.round(tookMs)} ms`);
      assert.equal((await going.status()).state, 'CANCELLED');
      if (recording) await recordHistory(client, 'sweep-cancelled', going.id);
      if (recording) await recordHistory(client, 'cell-cancelled', cell?.workflowId ?? '');
      const said = (await going.lines()).flatMap((line) =>
        line.type === 'run-steered' ? [`${line.actor} ${line.command.action}`] : [],
      );
      assert.deepEqual(said, ['ann concurrency', 'ann pause', 'ann resume', 'ann cancel']);
      assert.ok((await trainingAttempts()).filter(cancelled).length >= 2, 'yielded once, cancelled once');
      await assertRecorded(going, cell?.workflowId ?? '');
    });
  });

  it('resumes when it is started again, run by run, after a drain and a killed trainer', async () => {
    await withWorkers(folder.path(), async (client) => {
      const going = await Going.begin({ client, home: folder.path() }, await resolveLong(), {
        maxCellsPerRun: 1,
      });
      const { pid } = await going.untilTraining();
      process.kill(pid, 'SIGKILL');
      await going.steer({ action: 'pause', mode: 'drain' });
      await until('running stages are finished', async () => {
        const [cell] = cellsOf(await going.status());
        const status = await readStatus(client, cell?.workflowId ?? '');
        const { progress } = status;
        return progress?.of === 'experiment' && progress.experiment.finished.length === 2;
      });
      assert.equal(await livingTrainers(folder.path()), 0);
      await going.steer({ action: 'resume' });
      const result = await going.result;
      assert.deepEqual(
        result.cells.map(({ cell }) => cell.budget).sort((a, b) => a - b),
        [16, 24],
      );
      assert.deepEqual([result.failedCells, 'pages' in result], [[], false]);
      const bought = result.cells
        .flatMap(({ stages }) => stages)
        .filter(({ kind }) => kind === 'synthesizeData');
      assert.ok(bought.some(({ cached }) => cached) && result.baseStages.every(({ cached }) => cached));
      const first = await client.workflow.getHandle(going.id, going.runId).describe();
      const last = await client.workflow.getHandle(going.id).describe();
      assert.deepEqual([first.status.name, last.status.name], ['CONTINUED_AS_NEW', 'COMPLETED']);
      assert.deepEqual(last.memo, first.memo, 'the next start still knows the workflow code of the run');
      const ids = [going.id, ...result.cells.map(({ cell }) => cell.id)];
      const found = await Promise.all(ids.map((id) => client.workflow.getHandle(id).describe()));
      const sweeps = found.map(({ typedSearchAttributes: index }) =>
        index.get({ name: 'BudgetlineSweep', type: 'KEYWORD' }),
      );
      assert.deepEqual(sweeps, [going.id, going.id, going.id], 'found by its sweep, in every run');
      if (recording) await recordHistory(client, 'sweep-page', going.id, going.runId);
      if (recording) await recordHistory(client, 'sweep-last-page', going.id);
      if (recording) await recordHistory(client, 'cell-retried', result.cells[0]?.cell.id ?? '');
      const resumed = (await trainingAttempts()).flatMap((line) =>
        line.type === 'attempt-started' ? [line.resumedFromStep ?? 0] : [],
      );
      assert.ok(resumed.filter((step) => step > 0).length >= 3, `resumed from ${resumed.join(', ')}`);
      const stages = new Set(result.cells.flatMap((cell) => cell.stages.map(({ key }) => key)));
      const recorded = (await going.lines()).flatMap((line) =>
        line.type === 'stage-recorded' ? [line.stage] : [],
      );
      assert.deepEqual(
        [...stages].filter((key) => !recorded.includes(key)),
        [],
        'every run records its stages',
      );
    });
  });
});
