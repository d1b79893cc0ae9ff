import assert from 'node:assert/strict';
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { Activities } from '../../../activities';
import { analyzeSweep } from '../../../analysis';
import { readStatus } from '../../../client';
import { controlIdOf } from '../../../contracts/results';
import type { PlannedStage } from '../../../contracts/stage';
import { planGrid } from '../../../planning';
import { withIdleWorkers } from '../../support/idle-bench';
import { resolveTinySweep, runSweep } from '../../support/sweep-bench';
import { acquisitionLimitMs } from '../../support/temporal';
import { failedForGood } from '../../support/failing-stage';

describe('a sweep with controls', function () {
  this.timeout(acquisitionLimitMs);

  it('runs the planned ones and those of the best mixture', async () => {
    const resolved = await resolveTinySweep({
      name: 'controlled',
      budgets: [16],
      sftFractions: [1, 0.5, 0],
      controls: [
        'warm-start',
        'sft-on-chosen',
        'rejection-sampling',
        'few-shot',
        'dpo-nll',
        'learning-rate',
        'beta',
      ],
    });
    const { cells, controls } = await planGrid(resolved);
    const mixture = cells.find(({ cell }) => cell.sftFraction === 0.5);
    const isWinner = ({ key }: PlannedStage): boolean => key === mixture?.evaluation!.key;
    const metricsOf = (stage: PlannedStage) => ({ score: isWinner(stage) ? 0.9 : 0.5 });
    const ran = new Set<string>();
    const queues = new Map<string, Set<string>>();
    const onStage = (_: string, { key, kind, rows, inputs }: PlannedStage): void => {
      ran.add(key);
      const what = rows?.source.what ?? kind;
      const model = 'base' in inputs || 'reference' in inputs ? 'a model' : 'no model';
      const queue = `${model}: ${Context.current().info.taskQueue}`;
      queues.set(queue, (queues.get(queue) ?? new Set()).add(what));
    };
    const { result } = await withIdleWorkers({ metricsOf, onStage }, (client) => runSweep(client, resolved));
    const devices = [
      'evaluate',
      'freezeReference',
      'pairs',
      'rejection-samples',
      'trainPreference',
      'trainSft',
    ];
    assert.deepEqual(
      [...queues].map(([queue, stages]) => [queue, [...stages].sort()]).sort(),
      [
        ['a model: gpu', devices],
        ['no model: cpu', ['demonstrations']],
      ],
      'a stage with a model input starts the training executable',
    );
    const expected = [...controls.winnerControls, ...controls.certain];
    assert.deepEqual(result.controls.map(controlIdOf).sort(), expected.map(({ id }) => id).sort());
    for (const { stages } of expected) for (const { key } of stages) assert.ok(ran.has(key));
    const kinds = new Set(result.controls.map(({ kind }) => kind));
    assert.equal(kinds.size, 7);
    assert.equal(result.controls.length, 1 + 1 + 1 + 1 + 1 + 4 + 4);
  });

  it('runs the controls of the best mixture of a budget, also where another split is the best', async () => {
    const resolved = await resolveTinySweep({
      name: 'no-mixture-wins',
      budgets: [16],
      sftFractions: [1, 0.75, 0.5],
      controls: ['sft-on-chosen'],
    });
    const { cells } = await planGrid(resolved);
    const idOf = (share: number) => cells.find(({ cell }) => cell.sftFraction === share)?.cell.id;
    const keyOf = (share: number) => cells.find(({ cell }) => cell.sftFraction === share)?.evaluation!.key;
    const metricsOf = ({ key }: PlannedStage) => ({
      score: key === keyOf(1) ? 0.9 : key === keyOf(0.5) ? 0.6 : 0.5,
    });
    const { result } = await withIdleWorkers({ metricsOf }, (client) => runSweep(client, resolved));
    assert.deepEqual(
      result.controls.map(({ kind, of }) => [kind, of]),
      [['sft-on-chosen', idOf(0.5)]],
    );
  });

  it('reports a control that failed, with the stages that it had finished', async () => {
    const resolved = await resolveTinySweep({
      name: 'failing',
      budgets: [16],
      sftFractions: [0.5],
      controls: ['rejection-sampling', 'few-shot'],
    });
    const { controls, sweepId } = await planGrid(resolved);
    const [control] = controls.winnerControls;
    const made = new Set<string>();
    const recorded = new Set<string>();
    const real = (idle: Activities): Partial<Activities> => ({
      evaluate(request) {
        if (request.stage.key !== control?.stages.at(-1)?.key) return idle.evaluate(request);
        throw failedForGood({ remedy: 'Mend it.' });
      },
      recordStages({ stages }) {
        for (const { key } of stages) recorded.add(key);
        return Promise.resolve(null);
      },
    });
    const options = { real, onStage: (_: string, { key }: PlannedStage) => void made.add(key) };
    const { result, progress } = await withIdleWorkers(options, async (client) => {
      const ran = await runSweep(client, resolved);
      return { ...ran, progress: (await readStatus(client, sweepId)).progress };
    });
    const [failed, ...more] = result.failedControls;
    assert.deepEqual(more, []);
    assert.equal(failed && controlIdOf(failed), control?.id);
    assert.deepEqual([failed?.code, failed?.message, failed?.remedy], ['DATA_INVALID', 'A row.', 'Mend it.']);
    const finished = control?.stages.slice(0, -1).map(({ key }) => key) ?? [];
    assert.deepEqual(
      failed?.stages.map(({ key }) => key),
      finished,
    );
    assert.deepEqual([...recorded].sort(), [...made].sort(), 'the ledger has everything that was made');
    assert.equal(result.cost.attempts, made.size, 'and the cost');
    assert.deepEqual(
      result.controls.map(({ kind }) => kind),
      ['few-shot'],
    );
    assert.ok(progress?.of === 'sweep');
    assert.deepEqual(
      progress.sweep.controls.map(({ state }) => state),
      ['done', 'failed'],
    );
  });

  it('runs none for a cell that a search skipped: there is nothing to compare it with', async () => {
    const resolved = await resolveTinySweep({
      name: 'left-out-controls',
      search: { method: 'adaptive', maxCostFraction: 0.01 },
      budgets: [8, 16],
      sftFractions: [1, 0.5, 0],
      controls: ['few-shot', 'dpo-nll', 'learning-rate'],
    });
    const metricsOf = () => ({ items: 100, score: 0.5 });
    const { result } = await withIdleWorkers({ metricsOf }, (client) => runSweep(client, resolved));
    assert.deepEqual(new Set(result.cells.map(({ cell }) => cell.sftFraction)), new Set([1]));
    assert.deepEqual(
      result.controls.map(({ kind }) => kind),
      ['few-shot'],
    );
  });

  it('prompts the base model if the planned cell has failed, and compares all the same', async () => {
    const resolved = await resolveTinySweep({
      name: 'first-failed',
      budgets: [16],
      sftFractions: [1, 0.5],
      controls: ['few-shot'],
    });
    const { cells, controls } = await planGrid(resolved);
    const named = cells.find(({ cell }) => cell.id === controls.certain[0]?.of.id);
    const real = (idle: Activities): Partial<Activities> => ({
      evaluate(request) {
        if (request.stage.key !== named?.evaluation!.key) return idle.evaluate(request);
        throw ApplicationFailure.create({ type: 'DATA_INVALID', message: 'A row.', nonRetryable: true });
      },
    });
    const metricsOf = () => ({ items: 100, score: 0.5 });
    const { result } = await withIdleWorkers({ metricsOf, real }, (client) => runSweep(client, resolved));
    assert.deepEqual(
      result.failedCells.map(({ cell }) => cell.id),
      [named?.cell.id],
    );
    assert.deepEqual(
      result.controls.map(({ kind, of }) => [kind, of]),
      [['few-shot', result.cells[0]?.cell.id]],
    );
    const analysis = analyzeSweep({ result, definition: resolved.definition, items: new Map() });
    assert.deepEqual(
      analysis.furtherControls.map(({ kind }) => kind),
      ['few-shot'],
    );
  });

  it('reports a control that the spend limit skipped', async () => {
    const resolved = await resolveTinySweep({
      name: 'poor',
      budgets: [16],
      sftFractions: [0.5],
      controls: ['few-shot'],
      numFewShot: 64,
      prices: { sftExample: 1, preferencePair: 1 },
      spendLimitUsd: 40,
    });
    const { result } = await withIdleWorkers({}, (client) => runSweep(client, resolved));
    assert.deepEqual(
      result.failedControls.map(({ kind, code }) => [kind, code]),
      [['few-shot', 'SPEND_LIMIT']],
    );
    assert.deepEqual(result.spend?.skipped, result.failedControls.map(controlIdOf));
  });

  it('counts the stages that a failed cell had finished', async () => {
    const resolved = await resolveTinySweep({
      name: 'failing',
      budgets: [16],
      sftFractions: [0.5],
      controls: [],
    });
    const made = new Set<string>();
    const onStage = (_: string, { key }: PlannedStage): void => void made.add(key);
    const real = (): Partial<Activities> => ({
      trainPreference() {
        throw failedForGood();
      },
    });
    const { result } = await withIdleWorkers({ onStage, real }, (client) => runSweep(client, resolved));
    assert.deepEqual(
      result.failedCells.map(({ code }) => code),
      ['DATA_INVALID'],
    );
    assert.equal(result.cost.attempts, made.size);
  });
});
