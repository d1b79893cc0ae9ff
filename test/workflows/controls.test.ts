import assert from 'node:assert/strict';
import { Context } from '@temporalio/activity';
import { controlIdOf } from '../../contracts/results';
import type { PlannedStage } from '../../contracts/stage';
import { planSweep } from '../../planning';
import { withIdleWorkers } from '../support/idle-bench';
import { resolveTinySweep, runSweep } from '../support/sweep-bench';
import { acquisitionLimitMs } from '../support/temporal';

describe('server: a sweep with controls', function () {
  this.timeout(acquisitionLimitMs);

  it('runs those that the plan names, and beside winners theirs', async () => {
    const resolved = await resolveTinySweep({
      name: 'controlled',
      budgets: [16],
      sftFractions: [1, 0.5, 0],
      controls: ['sft-on-chosen', 'rejection-sampling', 'few-shot', 'dpo-nll', 'learning-rate', 'beta'],
    });
    const { cells, controls } = planSweep(resolved);
    const mixture = cells.find(({ cell }) => cell.sftFraction === 0.5);
    const isWinner = ({ key }: PlannedStage): boolean => key === mixture?.evaluation.key;
    const metricsOf = (stage: PlannedStage) => ({ score: isWinner(stage) ? 0.9 : 0.5 });
    const ran = new Set<string>();
    const queues = new Map<string, Set<string>>();
    const onStage = (_: string, { key, kind, spec, inputs }: PlannedStage): void => {
      ran.add(key);
      const what = 'what' in spec ? spec.what : kind;
      const model = 'base' in inputs || 'reference' in inputs ? 'a model' : 'no model';
      const queue = `${model}: ${Context.current().info.taskQueue}`;
      queues.set(queue, (queues.get(queue) ?? new Set()).add(what));
    };
    const { result } = await withIdleWorkers({ metricsOf, onStage }, (client) => runSweep(client, resolved));
    const devices = ['evaluate', 'freezeReference', 'pairs', 'right-samples', 'trainPreference', 'trainSft'];
    assert.deepEqual(
      [...queues].map(([queue, stages]) => [queue, [...stages].sort()]).sort(),
      [
        ['a model: gpu', devices],
        ['no model: cpu', ['demonstrations']],
      ],
      'what is given a model starts the training executable',
    );
    const expected = [...controls.besideWinners, ...controls.certain];
    assert.deepEqual(result.controls.map(controlIdOf).sort(), expected.map(({ id }) => id).sort());
    for (const { stages } of expected) for (const { key } of stages) assert.ok(ran.has(key));
    const kinds = new Set(result.controls.map(({ kind }) => kind));
    assert.equal(kinds.size, 6);
    assert.equal(result.controls.length, 1 + 1 + 1 + 1 + 4 + 4);
  });
});
