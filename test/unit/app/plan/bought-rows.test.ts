import assert from 'node:assert/strict';
import { findBoughtRows } from '../../../../app/plan/bought-rows';
import { summarizePlan, type PlanSummary } from '../../../../app/plan/plan-summary';
import { buyRows } from '../../../../audit';
import { planGrid } from '../../../../planning';
import { planStage, stageKinds } from '../../../../stages';
import { createFolderStore } from '../../../../store';
import { resolveSweep } from '../../../support/planning/resolve';
import { temporaryFolder } from '../../../support/temporary';

const prices = { sftExample: 2, preferencePair: 1, verifierCall: 0.25 };

describe('the rows of a plan that earlier runs bought', () => {
  const folder = temporaryFolder();

  it('are not to buy again, also where no stage of the plan made them', async () => {
    const resolved = resolveSweep({ budgets: [64], sftFractions: [1, 0.5], prices });
    const { definition } = resolved;
    const plan = await planGrid(resolved);
    const store = createFolderStore(folder.path());
    const summarize = async (): Promise<PlanSummary> => {
      const bought = await findBoughtRows(
        store,
        plan.stages.map(({ stage }) => stage),
      );
      return summarizePlan(plan, { definition, cached: new Set(), bought, slots: 1 });
    };
    const before = await summarize();
    assert.deepEqual(before.toBuy, before.purchase);
    const stage = planStage(stageKinds.synthesizeData, { resolved, seed: 0 }, { rows: 20 });
    await buyRows(store, { stage, experimentId: 'earlier', rowUsd: 2 });
    const after = await summarize();
    assert.equal(after.annotationUsd, before.annotationUsd, 'the list price stays');
    assert.deepEqual(after.toBuy, { ...before.toBuy, demonstrations: 44 });
    assert.equal(after.toBuyUsd, before.toBuyUsd - 40);
  });
});
