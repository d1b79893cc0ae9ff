import assert from 'node:assert/strict';
import type { SearchProposal } from '../../../contracts/results';
import { planGrid, type SweepPlan } from '../../../planning';
import { proposeNext, recordSearch, type Scores, type SearchRun, searchRunsOf } from '../../../search';
import { resolveSweep } from '../../support/planning/resolve';

type Surface = (run: SearchRun) => number;

/** One peak, at a given fraction. */
const peakAt =
  (fraction: number): Surface =>
  ({ sftFraction }) =>
    0.7 - 0.3 * Math.abs(sftFraction - fraction);

describe('what a sweep runs next', () => {
  const finish = (
    definition: Parameters<typeof proposeNext>[0]['definition'],
    of: SweepPlan,
    surface: Surface,
  ) => {
    const byId = new Map(searchRunsOf(of.cells, of.stages).map((run) => [run.id, run]));
    const rounds: SearchProposal[] = [];
    let scores: Scores = {};
    for (;;) {
      const proposal = proposeNext({ definition, plan: of, scores });
      rounds.push(proposal);
      if (proposal.ids.length === 0)
        return { scores, record: recordSearch({ plan: of, definition, scores, rounds }) };
      scores = { ...scores, ...Object.fromEntries(proposal.ids.map((id) => [id, surface(byId.get(id)!)])) };
    }
  };

  it('is the whole grid, in the plan’s order, for method grid', async () => {
    const { definition } = resolveSweep();
    const grid = await planGrid(resolveSweep());
    const proposal = proposeNext({ definition, plan: grid, scores: {} });
    assert.deepEqual(
      proposal.ids,
      grid.cells.map(({ cell }) => cell.id),
    );
    assert.equal(finish(definition, grid, peakAt(1)).record, undefined);
  });

  it('searches every place on the axes by itself', async () => {
    const sweep = resolveSweep({ search: { method: 'adaptive' }, axes: { annotator: ['clean', 'slip'] } });
    const both = await planGrid(sweep);
    const { scores, record } = finish(sweep.definition, both, peakAt(0.5));
    const seen = new Set(Object.keys(scores).map((id) => /annotator=(\w+)/.exec(id)?.[1]));
    assert.deepEqual([...seen].sort(), ['clean', 'slip']);
    assert.ok(record && record.skipped > 0 && record.costFraction <= 0.5);
    assert.equal(record.rounds.at(-1)?.standings.length, 6);
  });

  it('is by proxy the small model’s grid, then one split of each budget on the large one', async () => {
    const sweep = resolveSweep({ search: { method: 'proxy' }, axes: { model: ['small', 'large'] } });
    const outside = (digest: string) => ({
      files: {},
      poolRows: 6144,
      model: { name: digest, digest: digest.repeat(64), path: `/${digest}` },
    });
    const both = await planGrid({ ...sweep, variants: [outside('a'), outside('b')] });
    const { scores, record } = finish(sweep.definition, both, peakAt(0.5));
    const large = both.cells.filter(({ cell }) => cell.axes?.['model'] === 'large' && cell.id in scores);
    assert.deepEqual(large.map(({ cell }) => `${cell.budget} ${cell.sftFraction}`).sort(), [
      '1024 0.5',
      '256 0.5',
      '64 0.5',
    ]);
    assert.equal(record?.skipped, 15);
    assert.match(record.rounds[1]?.reason ?? '', / at 1,024 /);
    const money = { ...sweep.definition, budgetUnit: 'usd' as const };
    assert.match(finish(money, both, peakAt(0.5)).record?.rounds[1]?.reason ?? '', / at \$1,024 /);
    assert.throws(() => resolveSweep({ search: { method: 'proxy' } }), { code: 'DEFINITION_INVALID' });
  });
});
