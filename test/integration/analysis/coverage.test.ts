import assert from 'node:assert/strict';
import { boundBest, crossUnits, simultaneousCritical, simultaneousHalf } from '../../../analysis/bounds';
import { buildGrid, type Group } from '../../../analysis/grid';
import { scoreHeldOut } from '../../../analysis/held-out';
import { createInference, intervalOf, type Inference } from '../../../analysis/inference';
import { resampleScores, findRegions, overlapShare, transferBetweenModels } from '../../../analysis/regions';
import type { Estimate } from '../../../contracts/analysis/estimate';
import type { NearOptimalRegion } from '../../../contracts/analysis/splits';
import type { ItemResult } from '../../../schemas/rows';
import { createDraws, makeItem, makeSweep } from '../../support/analysis/sweeps';

const items = 400;
const right = Array.from({ length: items }, (_, i) => makeItem(i, 1));
const wrong = Array.from({ length: items }, (_, i) => makeItem(i, 0));
const random = createDraws('coverage');

interface World {
  /** True score of each fraction 0, 1/(k − 1), … 1. */
  readonly truths: readonly number[];
  readonly seeds: number;
  /** Standard deviation between seeds: of each cell, and in common. */
  readonly ownDeviation?: number;
  readonly commonDeviation?: number;
  /** Items differ in difficulty by up to this, for all cells alike. */
  readonly spread?: number;
}

/** Three standard deviations at most, so that no chance leaves 0 … 1 and the truth stays the mean. */
function boundedNormal(): number {
  return Math.max(-3, Math.min(3, random.normal()));
}

function simulate(world: World, resamples = 1): { inference: Inference; truthOf: (group: Group) => number } {
  const { truths, seeds, ownDeviation = 0, commonDeviation = 0, spread = 0 } = world;
  const fractions = truths.map((_, i) => i / Math.max(1, truths.length - 1));
  const ease = Float64Array.from({ length: items }, () => (2 * random.uniform() - 1) * spread);
  const common = Array.from({ length: seeds }, () => boundedNormal() * commonDeviation);
  const rows = (truth: number, seed: number): ItemResult[] => {
    const chance = truth + common[seed]! + boundedNormal() * ownDeviation;
    return right.map((item, i) => (random.uniform() < chance + ease[i]! ? item : wrong[i]!));
  };
  const sweep = makeSweep({
    grid: { sftFractions: fractions, seeds: Array.from({ length: seeds }, (_, i) => i) },
    base: wrong,
    rows: ({ sftFraction, seed }) => rows(truths[fractions.indexOf(sftFraction)]!, seed),
  });
  const inference = createInference(buildGrid(sweep.result, sweep.items), resamples);
  return { inference, truthOf: (group) => truths[fractions.indexOf(group.sftFraction)]! };
}

const covers = ({ low, high }: Estimate, truth: number): boolean => low! <= truth && truth <= high!;

/** Shares of intervals that hold the truth: of scores, and of differences to the first cell. */
function coverage(world: World, rounds: number): { scores: number; differences: number } {
  const scores: boolean[] = [];
  const differences: boolean[] = [];
  for (let round = 0; round < rounds; round++) {
    const { inference, truthOf } = simulate(world);
    const [first, ...rest] = inference.grid.groups;
    for (const group of inference.grid.groups) scores.push(covers(inference.score(group), truthOf(group)));
    for (const group of rest) {
      const interval = intervalOf(inference.difference(group, first!));
      differences.push(covers(interval, truthOf(group) - truthOf(first!)));
    }
  }
  const share = (hits: readonly boolean[]): number => hits.filter(Boolean).length / hits.length;
  return { scores: share(scores), differences: share(differences) };
}

function assertCoverage(found: Record<string, number>, low: number, high: number): void {
  for (const [name, share] of Object.entries(found)) {
    assert.ok(share >= low && share <= high, `${name}: ${share} is outside ${low} … ${high}`);
  }
}

const truths = [0.3, 0.4, 0.45, 0.5, 0.55, 0.7];

describe('coverage of the 95% intervals, simulated', function () {
  this.timeout(60_000);

  it('covers with one seed, items alone', () => {
    assertCoverage(coverage({ truths, seeds: 1, spread: 0.25 }, 350), 0.93, 0.97);
  });

  it('covers near the ends of the scale', () => {
    assertCoverage(coverage({ truths: [0.03, 0.08, 0.92, 0.97], seeds: 1, spread: 0.02 }, 350), 0.93, 0.975);
  });

  it('covers with three seeds of standard deviation 0.02', () => {
    assertCoverage(coverage({ truths, seeds: 3, ownDeviation: 0.02, spread: 0.25 }, 350), 0.93, 0.97);
  });

  it('covers if cells vary together by seed', () => {
    const world = { truths, seeds: 3, ownDeviation: 0.01, commonDeviation: 0.03, spread: 0.2 };
    assertCoverage(coverage(world, 300), 0.93, 0.98);
  });

  it('bounds the best of one set less the best of another, also where all are equal', () => {
    let covered = 0;
    const rounds = 150;
    for (let round = 0; round < rounds; round++) {
      const world = { truths: [0.5, 0.5, 0.5, 0.5, 0.5, 0.5], seeds: 3, ownDeviation: 0.02, spread: 0.25 };
      const { inference } = simulate(world, 400);
      const { groups } = inference.grid;
      const matrix = crossUnits(inference, groups.slice(0, 3), groups.slice(3));
      const half = simultaneousHalf(simultaneousCritical(inference, [matrix]));
      if (covers(boundBest(matrix, half), 0)) covered++;
    }
    assert.ok(covered >= 0.93 * rounds, `${covered} of ${rounds}`);
  });
});

describe('pairing by item', () => {
  it('narrows differences if items differ in difficulty', () => {
    const { inference } = simulate({ truths: [0.5, 0.5], seeds: 1, spread: 0.5 });
    const [a, b] = inference.grid.groups;
    const width = ({ low, high }: Estimate): number => high! - low!;
    const paired = width(intervalOf(inference.difference(a!, b!)));
    const unpaired = Math.hypot(width(inference.score(a!)), width(inference.score(b!)));
    assert.ok(paired < 0.9 * unpaired, `${paired} against ${unpaired}`);
  });
});

describe('items clustered by prompt', function () {
  this.timeout(60_000);

  /** Prompts of four instructions that are right or wrong together. */
  function simulatePrompts(resamples: number): Inference {
    const rows = (): ItemResult[] => {
      const prompts = Array.from({ length: 100 }, () => Number(random.uniform() < 0.5));
      return Array.from({ length: 400 }, (_, i) =>
        makeItem(i, prompts[Math.floor(i / 4)]!, { prompt: `prompt ${Math.floor(i / 4)}` }),
      );
    };
    const sweep = makeSweep({ grid: { sftFractions: [1, 0] }, base: rows(), rows });
    return createInference(buildGrid(sweep.result, sweep.items), resamples);
  }

  it('covers by resampling prompts; resampling items would cover two thirds', () => {
    const hits: boolean[] = [];
    for (let round = 0; round < 500; round++) {
      const inference = simulatePrompts(1);
      const [first, second] = inference.grid.groups;
      hits.push(covers(inference.score(first!), 0.5));
      hits.push(covers(intervalOf(inference.difference(first!, second!)), 0));
    }
    assertCoverage({ prompts: hits.filter(Boolean).length / hits.length }, 0.93, 0.97);
  });

  it('resamples them as the standard error says', () => {
    const inference = simulatePrompts(2000);
    const [first, second] = inference.grid.groups;
    const contrast = inference.difference(first!, second!);
    const resamples = inference.replicates(contrast)!;
    const spread = Math.sqrt(resamples.reduce((sum, value) => sum + value * value, 0) / resamples.length);
    assert.ok(Math.abs(spread / contrast.standardError! - 1) < 0.1, `${spread} ${contrast.standardError!}`);
  });
});

describe('the score of a winner', function () {
  this.timeout(60_000);

  it('is biased upward on the items that selected it, and unbiased on the other half', () => {
    let bias = 0;
    let heldOut = 0;
    const rounds = 150;
    for (let round = 0; round < rounds; round++) {
      const { inference } = simulate({ truths: [0.5, 0.5, 0.5, 0.5, 0.5, 0.5], seeds: 1 });
      const { groups } = inference.grid;
      bias += Math.max(...groups.map((group) => inference.measure(group).estimate)) - 0.5;
      heldOut += scoreHeldOut(inference.grid).get(64)!.score.estimate - 0.5;
    }
    // One standard error of the mean of 200 items, over the rounds, is .003.
    assert.ok(bias / rounds > 0.02, `${bias / rounds}`);
    assert.ok(Math.abs(heldOut / rounds) < 0.011, `${heldOut / rounds}`);
  });
});

describe('near-optimal regions', function () {
  this.timeout(60_000);

  it('are certain for near splits, excluded for far ones, unsettled between', () => {
    const world = { truths: [0.3, 0.76, 0.8, 0.8], seeds: 3, ownDeviation: 0.005, spread: 0.1 };
    const { inference } = simulate(world, 1000);
    const { groups } = inference.grid;
    const [region] = findRegions(inference, groups, resampleScores(inference, groups));
    assert.ok(region!.settled!.excluded.includes(0));
    assert.ok(!region!.settled!.excluded.includes(1));
    // .76 is exactly (1 − .05) × .8.
    assert.ok(region!.settled!.unsettled.includes(1 / 3), JSON.stringify(region));
    const { certain, excluded, unsettled } = region!.settled!;
    assert.equal(certain.length + excluded.length + unsettled.length, 4);
  });

  it('transfer from a small budget or model to a large one by their common share', () => {
    const region = (fractions: number[]): NearOptimalRegion => ({
      epsilon: 0.05,
      fractions,
      low: 0,
      high: 1,
      width: 1,
      count: fractions.length,
      settled: null,
    });
    assert.equal(overlapShare(region([0.25, 0.5, 0.75, 1]), region([0.5, 0.25, 0])), 0.5);
    const subject = (model: string, fractions: number[]) => ({
      task: 'a',
      model,
      budgets: [{ budget: 100, regions: [region(fractions)] }],
    });
    const shares = transferBetweenModels([subject('small', [0.5, 1]), subject('large', [0.5])]);
    assert.deepEqual(
      shares.map(({ from, share }) => [from, share]),
      [
        ['small', 0.5],
        ['large', 1],
      ],
    );
  });
});
