import assert from 'node:assert/strict';
import { placeFacts } from '../../../../app/plan/place-facts';
import { summarizePlan } from '../../../../app/plan/plan-summary';
import { learnYields } from '../../../../app/plan/yields';
import { createInk } from '../../../../cli/print/ink';
import { renderPlan } from '../../../../cli/print/plan';
import { renderSpend } from '../../../../cli/print/spend';
import { registerMember } from '../../../../core/members';
import { listPriceUsd, planGrid } from '../../../../planning';
import { type Pipeline, warmStart } from '../../../../planning/pipeline';
import { createFolderStore } from '../../../../store';
import { resolveSweep } from '../../../support/planning/resolve';
import { temporaryFolder } from '../../../support/temporary';

/** Pairs with the definition's labels, then pairs with three. */
const twoCalls: Pipeline = async (stages, cell) => {
  const reference = await warmStart(stages, cell);
  const rows = cell.pairRows / 2;
  const early = await stages.synthesizeData({ rows, reference });
  const late = await stages.synthesizeData({ rows, reference, after: early, labels: 3 });
  return stages.evaluate({ reference, adapter: await stages.trainPreference({ reference, data: late }) });
};

describe('the plan of a pipeline with settings of its own', () => {
  const folder = temporaryFolder();
  const pinned = { path: '/own.ts', export: 'twoCalls', digest: 'd'.repeat(64) };
  registerMember(pinned, twoCalls);
  const { pairs } = resolveSweep().definition;
  const resolved = resolveSweep(
    {
      budgets: [8],
      sftFractions: [0.5],
      controls: [],
      prices: { sftExample: 0.0137, preferencePair: 0.0311, sample: 0.01, preferenceLabel: 0.02 },
      pairs: { ...pairs, candidates: 2, annotator: 'us', labels: 2 },
    },
    { members: { pipeline: pinned } },
  );
  const { definition } = resolved;

  it('tells their yields apart, and plan and report say what their rows cost', async () => {
    const plan = await planGrid(resolved);
    const yields = await learnYields(createFolderStore(folder.path()), plan);
    const summary = summarizePlan(plan, { definition, cached: new Set(), slots: 1, yields });
    const text = renderPlan(summary, definition, createInk(false)).join(' ').replace(/\s+/g, ' ');
    const labelled = 'assumes 0.4 labelled pairs a prompt of grade-school-math';
    for (const words of [`${labelled}: the`, `${labelled} (labels 3): the`, 'also has pairs at $0.20 each.'])
      assert.ok(text.includes(words), text);
    const [place] = placeFacts(resolved, { tasks: [], cells: plan.cells });
    assert.deepEqual(place!.otherPrices, summary.otherPrices);
    assert.equal(place!.otherPrices[0]!.noun, 'pairs');
  });

  it('says what is left to buy where earlier runs bought labels alone', async () => {
    const plan = await planGrid(resolved);
    const stage = plan.stages.map((one) => one.stage).find(({ rows }) => rows?.labels !== undefined)!;
    const { labels, ...rows } = stage.rows!;
    const some = { ...rows, count: 0, labels: { ...labels!, count: 5 }, verifierCalls: 0, unscored: 0 };
    const bought = [{ ...stage, key: 'bought', rows: some }];
    const summary = summarizePlan(plan, { definition, cached: new Set(), slots: 1, bought });
    const usd = (listPriceUsd(plan.stages.map((one) => one.stage)) - 5 * 0.02).toFixed(2);
    const text = renderPlan(summary, definition, createInk(false)).join(' ').replace(/\s+/g, ' ');
    assert.ok(text.includes(`still to buy: 4 and 4, $${usd}`), text);
  });
});

describe('the spend of a run that paid nothing', () => {
  it('does not say that everything is bought: its cells may have failed', () => {
    const spend = { usd: 0, skipped: ['cell'] };
    const parts = [{ analysis: { budgets: [], cells: [] } }] as never;
    const text = renderSpend({ spend, definition: { spendLimitUsd: 5 }, parts }, createInk(false)).join(' ');
    assert.equal(
      text.trim(),
      'This run paid $0.00 for annotation. Rows that earlier runs bought cost it nothing. ' +
        'Stopped at the spend limit of $5.00: 1 cell, control or test skipped.',
    );
  });
});
