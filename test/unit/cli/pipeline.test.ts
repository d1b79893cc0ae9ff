import assert from 'node:assert/strict';
import { createInk } from '../../../cli/print/ink';
import { renderPipeline, stagesJson } from '../../../cli/print/pipeline';
import { registerMember } from '../../../core/members';
import { planGrid } from '../../../planning';
import type { Pipeline } from '../../../planning/pipeline';
import { resolveSweep } from '../../support/planning/resolve';

const pinned = { path: '/rounds.ts', export: 'rounds', digest: 'd'.repeat(64) };

/** A second round only if the first one does not solve every problem. */
const rounds: Pipeline = async (stages, { pairRows }) => {
  const base = await stages.freezeReference({ adapter: null });
  if (pairRows === 0) return stages.evaluate({ reference: base });
  const data = await stages.synthesizeData({ rows: pairRows, reference: base });
  const first = await stages.trainPreference({ reference: base, data, name: 'round 1' });
  const scores = await stages.evaluate({ reference: base, adapter: first, name: 'after round 1' });
  if ((await stages.metrics(scores)).score === 1) return scores;
  return stages.evaluate({ reference: await stages.freezeReference({ adapter: first }) });
};

interface StagesJson {
  readonly stages: readonly { readonly key: string; readonly title: string; readonly cached: boolean }[];
  readonly pipeline?: { readonly stages: readonly string[]; readonly continuesAfter: readonly string[] };
}

describe('the stages of a pipeline in a plan', () => {
  const ink = createInk(false);

  async function planRounds() {
    registerMember(pinned, rounds);
    const grid = { budgets: [64], sftFractions: [1, 0.5] };
    const plan = await planGrid(resolveSweep(grid, { members: { pipeline: pinned } }));
    const [first] = plan.cells.find(({ stages }) => stages.length > 2)!.stages;
    return { plan, cached: new Set([first!.key]) };
  }

  it('are listed by title for the cell with the most, up to the results that it waits for', async () => {
    const lines = renderPipeline(await planRounds(), ink);
    assert.deepEqual(lines.slice(0, 2), [
      '  Pipeline        "rounds" of /rounds.ts; at budget 64, SFT share 0.5, seed 0:',
      '                  1. Reference: the base model (in the store)',
    ]);
    const text = lines.join(' ').replace(/\s+/g, ' ');
    assert.match(
      text,
      /3\. round 1: .* on 32 pairs 4\. after round 1: .* … continues after "after round 1: /,
    );
  });

  it('are listed with keys for programs', async () => {
    const planned = await planRounds();
    const { stages, pipeline } = stagesJson(planned) as StagesJson;
    assert.equal(stages.length, planned.plan.stages.length);
    assert.deepEqual(
      stages.filter(({ cached }) => cached).map(({ title }) => title),
      ['Reference: the base model'],
    );
    const titleOf = (key: string | undefined) => stages.find((stage) => stage.key === key)?.title ?? '';
    assert.ok(pipeline !== undefined);
    assert.equal(pipeline.stages.length, 4);
    assert.match(titleOf(pipeline.continuesAfter[0]), /^after round 1: /);
  });

  it('are left out for the built-in pipeline, whose counts say enough', async () => {
    const planned = { plan: await planGrid(resolveSweep()), cached: new Set<string>() };
    assert.deepEqual(renderPipeline(planned, ink), []);
    assert.equal((stagesJson(planned) as StagesJson).pipeline, undefined);
  });
});
