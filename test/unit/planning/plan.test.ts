import assert from 'node:assert/strict';
import type { PlannedStage } from '../../../contracts/stage';
import {
  estimateSeconds,
  experimentOf,
  gridOf,
  planCell,
  planGrid,
  sweepIdOf,
  type SweepPlan,
} from '../../../planning';
import { resolveSweep } from '../../support/planning/resolve';

const kindsOf = (stages: readonly PlannedStage[]): string[] => stages.map(({ kind }) => kind);
let plan: SweepPlan;
const planFirstSweep = async (): Promise<void> => {
  plan = await planGrid(resolveSweep());
};
const cellAt = (budget: number, sftFraction: number) => {
  const found = plan.cells.find(({ cell }) => cell.budget === budget && cell.sftFraction === sftFraction);
  assert.ok(found);
  return found;
};

describe('planning a cell', () => {
  before(planFirstSweep);

  it('runs all stages for a mixture, no pairs at SFT fraction 1, no SFT at 0', () => {
    assert.deepEqual(kindsOf(cellAt(256, 0.5).stages), [
      'synthesizeData',
      'trainSft',
      'freezeReference',
      'synthesizeData',
      'trainPreference',
      'evaluate',
    ]);
    assert.deepEqual(kindsOf(cellAt(256, 1).stages), [
      'synthesizeData',
      'trainSft',
      'freezeReference',
      'evaluate',
    ]);
    assert.deepEqual(kindsOf(cellAt(256, 0).stages), [
      'freezeReference',
      'synthesizeData',
      'trainPreference',
      'evaluate',
    ]);
  });

  it('gives a cell the same stages alone and in a sweep', async () => {
    const resolved = resolveSweep();
    for (const point of gridOf(resolved.definition)) {
      const alone = await planCell(experimentOf(resolved, point));
      assert.ok('sftFraction' in point);
      assert.deepEqual(alone.stages, cellAt(point.budget, point.sftFraction).stages);
    }
  });

  it('lists inputs before their readers, and each input has a stage', () => {
    const made = new Set<string>();
    for (const { stage, dependsOn } of plan.stages) {
      assert.ok(
        dependsOn.every((key) => made.has(key)),
        stage.title,
      );
      made.add(stage.key);
    }
  });
});

describe('planning a sweep', () => {
  before(planFirstSweep);

  const keyAt = (budget: number, fraction: number, kind: string) =>
    cellAt(budget, fraction).stages.find((stage) => stage.kind === kind)!.key;
  const stagesOfKind = (kind: string) => plan.stages.filter(({ stage }) => stage.kind === kind);

  it('shares the SFT stage of equal demonstrations between budgets', () => {
    assert.equal(keyAt(64, 1, 'trainSft'), keyAt(256, 0.25, 'trainSft'));
    assert.equal(keyAt(256, 1, 'freezeReference'), keyAt(1024, 0.25, 'freezeReference'));
    const shared = stagesOfKind('trainSft').find(({ stage }) => stage.key === keyAt(64, 1, 'trainSft'));
    assert.equal(shared?.cells, 2);
    assert.equal(keyAt(64, 0, 'freezeReference'), plan.base[0]?.key);
  });

  it('needs 23 SFT stages for the 36 SFT cells of the study’s grid', async () => {
    const study = await planGrid(
      resolveSweep(
        { budgets: [100, 500, 1000, 5000, 10000, 20000], sftFractions: [1, 0.75, 0.5, 0.25, 0, 0.1, 0.01] },
        { poolRows: 40000 },
      ),
    );
    assert.equal(study.cells.filter(({ cell }) => cell.sftRows > 0).length, 36);
    assert.equal(study.stages.filter(({ stage }) => stage.kind === 'trainSft').length, 23);
  });

  it('counts the cells that use each stage', () => {
    const uses = plan.stages.reduce((sum, { cells }) => sum + cells, 0);
    assert.equal(
      uses,
      plan.cells.reduce((sum, { stages }) => sum + stages.length, 0),
    );
    assert.equal(new Set(plan.stages.map(({ stage }) => stage.key)).size, plan.stages.length);
  });

  it('orders cells by cost, most expensive first', () => {
    const seconds = plan.cells.map((cell) => cell.seconds);
    assert.deepEqual(
      seconds,
      [...seconds].sort((a, b) => b - a),
    );
    assert.equal(new Set(plan.cells.map(({ cell }) => cell.id)).size, 18);
  });

  it('warns of training runs under ten optimiser steps', () => {
    assert.ok(plan.warnings.some((text) => text.startsWith('SFT on 7 demonstrations: 4 optimiser steps')));
    // 64 rows in batches of 8 make 32 steps in four epochs.
    assert.ok(!plan.warnings.some((text) => text.startsWith('SFT on 64 ')));
  });

  it('prices each row once in the sweep, and all rows of a cell in the cell', async () => {
    // Demonstrations nest; pairs nest at SFT fraction 0 only, where the reference is the same.
    const pairs =
      1024 +
      [64, 256, 1024]
        .flatMap((b) => [0.75, 0.5, 0.25, 0.1].map((r) => b - Math.ceil(r * b)))
        .reduce((a, b) => a + b);
    assert.deepEqual([plan.purchase.demonstrations, plan.purchase.pairs], [1024, pairs]);
    assert.ok(Math.abs(plan.annotationUsd - (1024 * 0.002 + pairs * 0.001)) < 1e-9);
    assert.ok(Math.abs(cellAt(256, 0.75).annotationUsd - (192 * 0.002 + 64 * 0.001)) < 1e-9);
    const checked = await planGrid(
      resolveSweep({ prices: { sftExample: 0, preferencePair: 0, verifierCall: 0.01 } }),
    );
    assert.equal(checked.annotationUsd, plan.purchase.verifierCalls * 0.01);
    assert.ok(plan.purchase.verifierCalls >= pairs * 4);
  });

  it('refuses a budget above the pool and a plan above the spend limit', async () => {
    await assert.rejects(planGrid(resolveSweep({ budgets: [64, 6145] })), {
      code: 'BUDGET_EXCEEDS_POOL',
    });
    await assert.rejects(planGrid(resolveSweep({ spendLimitUsd: 1 })), { code: 'SPEND_LIMIT' });
    assert.ok(await planGrid(resolveSweep({ spendLimitUsd: 100 })));
  });

  it('derives a sweep’s id from content, not from paths', () => {
    const id = sweepIdOf(resolveSweep());
    assert.match(id, /^first-sweep-[0-9a-f]{12}$/);
    const moved = resolveSweep({}, { model: { name: 'embedded', digest: 'a'.repeat(64), path: '/moved' } });
    assert.equal(sweepIdOf(moved), id);
    assert.notEqual(sweepIdOf(resolveSweep({ budgets: [64] })), id);
  });

  it('estimates no less than the longest chain and the shared work allow', () => {
    const stages = plan.stages.map(({ stage }) => stage);
    const total = plan.stages.reduce((sum, { seconds }) => sum + seconds, 0);
    const longest = plan.cells[0]?.seconds ?? 0;
    for (const slots of [1, 2, 8, 100]) {
      const seconds = estimateSeconds(stages, slots);
      assert.ok(seconds >= total / slots - 1e-9 && seconds >= longest - 1e-9 && seconds <= total + 1e-9);
    }
  });
});
