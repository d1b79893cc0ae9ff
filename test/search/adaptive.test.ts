import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { SearchProposal } from '../../contracts/results';
import { planSweep } from '../../planning';
import {
  defaultLimits,
  proposeAdaptive,
  type SearchOutcome,
  type SearchRun,
  searchRunsOf,
  totalSeconds,
} from '../../search';
import { resolveSweep } from '../planning/support';

const plan = planSweep(resolveSweep({ seeds: [0, 1, 2], sftFractions: [1, 0.75, 0.5, 0.25, 0] }));
const runs = searchRunsOf(plan.cells, plan.stages);
const items = 400;

type Surface = (run: SearchRun) => number;

/** Runs a search to its end; scores are the surface itself, give or take a fixed shift a seed. */
function search(surface: Surface): { rounds: SearchProposal[]; used: SearchRun[] } {
  const byId = new Map(runs.map((run) => [run.id, run]));
  const outcomes: SearchOutcome[] = [];
  const rounds: SearchProposal[] = [];
  for (;;) {
    const proposal = proposeAdaptive({ runs, outcomes, failed: [] });
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

describe('pure: adaptive search', () => {
  for (const fraction of [1, 0.5, 0.25, 0])
    it(`finds a peak at r = ${fraction} for at most half of the grid’s cost`, () => {
      const { rounds, used } = search(peakAt(fraction));
      for (const standing of rounds.at(-1)!.standings)
        assert.ok(Math.abs(standing.sftFraction - fraction) <= 0.25, JSON.stringify(standing));
      assert.ok(totalSeconds(used) <= defaultLimits.costShare * totalSeconds(runs));
      assert.equal(new Set(used.map(({ id }) => id)).size, used.length, 'no run is asked for twice');
    });

  it('asks for the same whatever the order in which runs ended', () => {
    const ended = runs
      .slice(0, 12)
      .map(({ id, sftFraction }): SearchOutcome => ({ id, score: 0.3 + 0.2 * sftFraction, items }));
    const inOrder = proposeAdaptive({ runs, outcomes: ended, failed: [] });
    fc.assert(
      fc.property(fc.shuffledSubarray(ended, { minLength: ended.length }), (outcomes) => {
        assert.deepEqual(proposeAdaptive({ runs: [...runs].reverse(), outcomes, failed: [] }), inOrder);
      }),
      { numRuns: 10 },
    );
  });

  it('does not ask again for what failed', () => {
    const failed = proposeAdaptive({ runs, outcomes: [], failed: [] }).ids;
    const next = proposeAdaptive({ runs, outcomes: [], failed });
    assert.ok(next.ids.length > 0);
    assert.deepEqual(
      next.ids.filter((id) => failed.includes(id)),
      [],
    );
  });

  it('counts only the stages that are still to make', () => {
    const [sft] = runs.filter(({ sftFraction, budget }) => sftFraction === 1 && budget === 64);
    const [shares] = runs.filter(
      ({ sftFraction, budget, seed }) => sftFraction === 0.25 && budget === 256 && seed === sft?.seed,
    );
    assert.ok(sft && shares);
    assert.ok(totalSeconds([sft, shares]) < totalSeconds([sft]) + totalSeconds([shares]));
  });
});
