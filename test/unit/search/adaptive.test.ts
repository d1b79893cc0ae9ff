import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { SweepInput } from '../../../definitions';
import type { SearchProposal } from '../../../contracts/results';
import { planGrid } from '../../../planning';
import {
  proposeAdaptive,
  type SearchOutcome,
  type SearchRun,
  searchRunsOf,
  totalSeconds,
} from '../../../search';
import { resolveSweep } from '../../support/planning/resolve';

const defaultLimits = { regretTolerance: 0.02, confidence: 0.9, maxCostFraction: 0.5 };

let runs: readonly SearchRun[];
const items = 400;

type Surface = (run: SearchRun) => number;

/** Runs a search to its end; scores are the surface itself, give or take a fixed shift a seed. */
function search(surface: Surface): { rounds: SearchProposal[]; used: SearchRun[] } {
  const byId = new Map(runs.map((run) => [run.id, run]));
  const outcomes: SearchOutcome[] = [];
  const rounds: SearchProposal[] = [];
  for (;;) {
    const proposal = proposeAdaptive({ runs, outcomes, failed: [] }, defaultLimits);
    rounds.push(proposal);
    if (proposal.ids.length === 0) return { rounds, used: outcomes.map(({ id }) => byId.get(id)!) };
    for (const id of proposal.ids) {
      const run = byId.get(id)!;
      outcomes.push({ id, score: surface(run) + (run.seed - 1) * 0.01, items });
    }
  }
}

/** One peak, at a given fraction. */
const peakAt =
  (fraction: number): Surface =>
  ({ sftFraction }) =>
    0.7 - 0.3 * Math.abs(sftFraction - fraction);

describe('adaptive search', () => {
  before(async () => {
    const sweep = resolveSweep({ seeds: [0, 1, 2], sftFractions: [1, 0.75, 0.5, 0.25, 0] });
    const { cells, stages } = await planGrid(sweep);
    runs = searchRunsOf(cells, stages);
  });

  for (const fraction of [1, 0.5, 0.25, 0])
    it(`finds a peak at SFT share ${fraction} for at most half of the grid’s cost`, () => {
      const { rounds, used } = search(peakAt(fraction));
      for (const standing of rounds.at(-1)!.standings)
        assert.ok(Math.abs(standing.sftFraction - fraction) <= 0.25, JSON.stringify(standing));
      assert.ok(totalSeconds(used) <= defaultLimits.maxCostFraction * totalSeconds(runs));
      assert.equal(new Set(used.map(({ id }) => id)).size, used.length, 'no run is asked for twice');
    });

  /** Runs a search of any plan to its end under a share of its cost. */
  async function searchWithin(changes: Partial<SweepInput>, maxCostFraction: number, surface: Surface) {
    const { cells, stages } = await planGrid(resolveSweep(changes));
    const all = searchRunsOf(cells, stages);
    const limits = { ...defaultLimits, maxCostFraction };
    const outcomes: SearchOutcome[] = [];
    for (;;) {
      const proposal = proposeAdaptive({ runs: all, outcomes, failed: [] }, limits);
      const asked = all.filter(({ id }) => proposal.ids.includes(id));
      for (const run of asked) outcomes.push({ id: run.id, score: surface(run), items });
      const ran = new Set(outcomes.map(({ id }) => id));
      if (asked.length === 0)
        return {
          all,
          used: all.filter(({ id }) => ran.has(id)),
          left: all.filter(({ id }) => !ran.has(id)),
          proposal,
        };
    }
  }

  it('continues while an unsettled budget has an affordable run, and reports why it stops', async () => {
    const sizes = [[64, 256, 1024, 4096], [1000], [512, 2048]];
    const settings = fc.record({
      budgets: fc.constantFrom(...sizes),
      seeds: fc.constantFrom<number[]>([0], [0, 1, 2]),
      maxCostFraction: fc.constantFrom(0.05, 0.2, 0.5, 0.7, 1),
      luck: fc.integer({ min: 1, max: 1000 }),
    });
    await fc.assert(
      fc.asyncProperty(settings, async ({ budgets, seeds, maxCostFraction, luck }) => {
        const wave: Surface = ({ budget, sftFraction, seed }) =>
          0.5 +
          0.1 * Math.sin(3 * sftFraction + Math.log(budget)) +
          0.02 * Math.sin(luck * (seed + 1 + 7 * sftFraction));
        const { all, used, left, proposal } = await searchWithin({ budgets, seeds }, maxCostFraction, wave);
        const unsettled = new Set(
          proposal.standings.flatMap(({ settled, budget }) => (settled ? [] : [budget])),
        );
        const paid = totalSeconds(used);
        const possible = left.filter(({ budget }) => unsettled.has(budget));
        for (const run of possible)
          assert.ok(
            totalSeconds([...used, run]) > maxCostFraction * totalSeconds(all),
            `${run.id} could be paid for`,
          );
        assert.deepEqual(
          new Set(used.map(({ budget }) => budget)),
          new Set(budgets),
          'each budget has a run',
        );
        if (maxCostFraction === 1) assert.equal(possible.length, 0);
        assert.match(
          proposal.reason,
          unsettled.size === 0
            ? /^Done/
            : possible.length === 0
              ? /has ended\.$/
              : /exceeds maxCostFraction\.$/,
        );
        assert.ok(used.length === budgets.length || paid <= maxCostFraction * totalSeconds(all) + 1e-6);
      }),
      { numRuns: 25 },
    );
  });

  it('is the whole grid if each budget has one split', async () => {
    for (const changes of [
      { budgets: [64], sftFractions: [0.5], seeds: [0] },
      { budgets: [64, 256], sftFractions: [1], seeds: [0, 1] },
    ]) {
      const { left, proposal } = await searchWithin(changes, 0.1, () => 0.5);
      assert.deepEqual(left, []);
      assert.equal(proposal.standings.length, changes.budgets.length);
      assert.match(proposal.reason, /every run has ended/);
    }
  });

  it('proposes the same whatever the order of results', () => {
    const ended = runs
      .slice(0, 12)
      .map(({ id, sftFraction }): SearchOutcome => ({ id, score: 0.3 + 0.2 * sftFraction, items }));
    const inOrder = proposeAdaptive({ runs, outcomes: ended, failed: [] }, defaultLimits);
    fc.assert(
      fc.property(fc.shuffledSubarray(ended, { minLength: ended.length }), (outcomes) => {
        assert.deepEqual(
          proposeAdaptive({ runs: [...runs].reverse(), outcomes, failed: [] }, defaultLimits),
          inOrder,
        );
      }),
      { numRuns: 10 },
    );
  });

  it('does not propose failed runs again', () => {
    const failed = proposeAdaptive({ runs, outcomes: [], failed: [] }, defaultLimits).ids;
    const next = proposeAdaptive({ runs, outcomes: [], failed }, defaultLimits);
    assert.ok(next.ids.length > 0);
    assert.deepEqual(
      next.ids.filter((id) => failed.includes(id)),
      [],
    );
  });

  it('settles no budget without its own score', () => {
    const limits = { ...defaultLimits, regretTolerance: 0.1 };
    const opening = proposeAdaptive({ runs, outcomes: [], failed: [] }, limits).ids;
    const failed = runs
      .filter(({ id, budget }) => budget === 256 && opening.includes(id))
      .map(({ id }) => id);
    const ended = opening.filter((id) => !failed.includes(id));
    const outcomes = ended.map((id) => ({ id, score: 0.5, items: 4000 }));
    const { ids, standings } = proposeAdaptive({ runs, outcomes, failed }, limits);
    const standing = standings.find(({ budget }) => budget === 256);
    assert.deepEqual([standing?.runs, standing?.settled], [0, false]);
    assert.ok(runs.some(({ id, budget }) => budget === 256 && ids.includes(id)));
  });

  it('counts only stages that are not there yet', () => {
    const [sft] = runs.filter(({ sftFraction, budget }) => sftFraction === 1 && budget === 64);
    const [shares] = runs.filter(
      ({ sftFraction, budget, seed }) => sftFraction === 0.25 && budget === 256 && seed === sft?.seed,
    );
    assert.ok(sft && shares);
    assert.ok(totalSeconds([sft, shares]) < totalSeconds([sft]) + totalSeconds([shares]));
  });
});
