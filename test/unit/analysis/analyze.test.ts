import assert from 'node:assert/strict';
import { assertPlainJson } from '../../support/plain-json';
import { controlIdOf } from '../../../contracts/results';
import type { SweepInput } from '../../../definitions';
import type { ItemResult } from '../../../schemas/rows';
import type { AnalyzeSweepInput } from '../../../analysis';
import { addSplit, describeSplit } from '../../../contracts/text';
import {
  analyzeSweep,
  createDraws,
  drawItems,
  fixedItems,
  identify,
  makeSweep,
  type Draws,
} from '../../support/analysis/sweeps';

/** Scores like those of the embedded default: pure SFT first, then a mixture, a collapse at SFT share 0. */
const picture: Record<number, Record<number, number>> = {
  64: { 1: 0.22, 0.5: 0.1, 0.1: 0.18, 0: 0.21 },
  256: { 1: 0.5, 0.5: 0.38, 0.1: 0.14, 0: 0.23 },
  1024: { 1: 0.48, 0.5: 0.97, 0.1: 0.9, 0: 0.225 },
};
const grid: Partial<SweepInput> = { budgets: [64, 256, 1024], sftFractions: [1, 0.5, 0.1, 0] };

function asColdStart(random: Draws, rows: readonly ItemResult[]): ItemResult[] {
  return rows.map((row) => ({ ...row, wellFormed: false, truncated: random.uniform() < 0.4, tokens: 45 }));
}

function simulatePicture(seeds: readonly number[]): AnalyzeSweepInput {
  const random = createDraws(`picture ${seeds.length}`);
  return makeSweep({
    grid: { ...grid, seeds: [...seeds] },
    base: asColdStart(
      random,
      drawItems(random, 400, () => 0.225),
    ),
    rows: ({ budget, sftFraction }) => {
      const shift = seeds.length > 1 ? 0.01 * random.normal() : 0;
      const rows = drawItems(random, 400, () => picture[budget]![sftFraction]! + shift);
      return sftFraction === 0 ? asColdStart(random, rows) : rows;
    },
    control: { of: identify(1024, 0.5).id, rows: drawItems(random, 400, () => 0.97) },
  });
}

describe('a sweep with one seed', () => {
  const analysis = analyzeSweep(simulatePicture([0]));
  const at = <T extends { budget: number }>(list: readonly T[], budget: number): T =>
    list.find((entry) => entry.budget === budget)!;

  it('names the best split of a budget, and none if no split beats the base significantly', () => {
    assert.equal(at(analysis.budgets, 1024).sftFraction, 0.5);
    assert.deepEqual(at(analysis.budgets, 1024).indistinguishable, [0.5]);
    assert.equal(at(analysis.budgets, 1024).beatsBase, true);
    assert.equal(at(analysis.budgets, 64).beatsBase, false);
    assert.match(analysis.answer, /with 64 rows no split is significantly above the base/);
    assert.match(analysis.answer, /With 1,024 rows buy SFT share 0\.5 \(512 demonstrations and 512 pairs\)/);
  });

  it('finds the cold start at 1,024, with its evidence, and no repair at 64', () => {
    const cold = at(analysis.coldStart, 1024);
    assert.deepEqual(
      [cold.status, cold.strength, cold.warmFraction, cold.repairedBy],
      ['present', 'strong', 0.1, 0.1],
    );
    const format = cold.evidence.find(({ metric }) => metric === 'wellFormedRate')!;
    assert.deepEqual([format.cold, format.warm, format.speaks], [0, 1, 'for']);
    assert.ok(format.effect! > 3, 'from never to always is the largest Cohen’s h there is');
    assert.deepEqual(
      [at(analysis.coldStart, 64).status, at(analysis.coldStart, 64).repairedBy],
      ['unclear', null],
    );
    // At 256 ten per cent is too little, half is enough.
    assert.equal(at(analysis.coldStart, 256).repairedBy, 0.5);
  });

  it('compares the mixture with SFT on its chosen answers', () => {
    const [control] = analysis.controls;
    assert.deepEqual([control?.budget, control?.sftFraction], [1024, 0.5]);
    assert.ok(Math.abs(control!.difference.estimate) < 0.03);
    assert.ok(control!.overPureSft!.low! > 0.4);
    assert.ok(['equal', 'unclear'].includes(control!.higher));
  });

  it('decides no claim with one seed, and reports the direction of the numbers', () => {
    for (const claim of analysis.verdicts) {
      assert.equal(claim.verdict, 'undecided');
      assert.equal(claim.conditional, true);
      assert.ok(claim.evidence.some((line) => line.includes('1 seed')));
    }
    const points = Object.fromEntries(analysis.verdicts.map(({ claim, pointsTo }) => [claim, pointsTo]));
    assert.deepEqual([points['C2'], points['C3'], points['C4']], ['for', 'for', 'for']);
    assert.match(analysis.answer, /one seed does not show the variance between training runs/);
    assert.match(analysis.intervals.label, /conditional on these trained models/);
  });

  it('is plain JSON', () => {
    assertPlainJson(analysis);
  });

  it('takes under a second of processor time', () => {
    const sweep = simulatePicture([0]);
    const before = process.cpuUsage();
    analyzeSweep(sweep);
    const { user, system } = process.cpuUsage(before);
    assert.ok((user + system) / 1e6 < 1, `${(user + system) / 1e6} s`);
  });
});

describe('a sweep with three seeds', () => {
  const sweep = simulatePicture([0, 1, 2]);
  const analysis = analyzeSweep(sweep);
  const verdictOf = (claim: string): string =>
    analysis.verdicts.find((entry) => entry.claim === claim)!.verdict;

  it('confirms the claims that the numbers support', () => {
    assert.deepEqual(['C2', 'C3', 'C4'].map(verdictOf), ['confirmed', 'confirmed', 'confirmed']);
  });

  it('does not decide the small budget: no gain over the base of three margins', () => {
    assert.equal(verdictOf('C1'), 'undecided');
    const evidence = analysis.verdicts.find(({ claim }) => claim === 'C1')!.evidence.join(' ');
    assert.match(evidence, /over the base; a verdict needs more than \+0\.060/);
  });

  it('pools seeds and reports their deviation', () => {
    assert.equal(analysis.intervals.basis, 'items-and-seeds');
    assert.equal(analysis.cells.length, 12);
    assert.deepEqual(
      analysis.intervals.seedDeviations.map(({ budget }) => budget),
      [64, 256, 1024],
    );
    for (const { deviation } of analysis.intervals.seedDeviations)
      assert.ok(deviation < 0.04, String(deviation));
  });

  it('refutes a claim that the numbers exclude', () => {
    const random = createDraws('reversed');
    const chance = (r: number): number => (r === 1 ? 0.9 : r === 0 ? 0.85 : 0.5);
    const reversed = analyzeSweep(
      makeSweep({
        grid: { budgets: [1024], sftFractions: [1, 0.5, 0.1, 0], seeds: [0, 1, 2] },
        base: fixedItems(400, 40),
        rows: ({ sftFraction }) => drawItems(random, 400, () => chance(sftFraction)),
      }),
    );
    const verdicts = Object.fromEntries(reversed.verdicts.map(({ claim, verdict }) => [claim, verdict]));
    assert.deepEqual(verdicts, {
      C1: 'confirmed',
      C2: 'refuted',
      C3: 'refuted',
      C4: 'not tested',
      C5: 'refuted',
    });
  });

  it('does not pool the seed variance of an outlier', () => {
    const random = createDraws('luck');
    const lucky = (seed: number): number => (seed === 1 ? 0.93 : 0.46);
    const rows = (sftFraction: number, seed: number): ItemResult[] =>
      drawItems(random, 400, () => (sftFraction === 0.1 ? lucky(seed) : picture[1024]![sftFraction]!));
    const found = analyzeSweep(
      makeSweep({
        grid: { budgets: [1024], sftFractions: [1, 0.5, 0.1, 0], seeds: [0, 1, 2] },
        base: fixedItems(400, 80),
        rows: ({ sftFraction, seed }) => rows(sftFraction, seed),
      }),
    );
    const width = (r: number): number => {
      const { low, high } = found.cells.find((cell) => cell.sftFraction === r)!.score;
      return high! - low!;
    };
    assert.ok(width(0.1) > 0.5, `the lucky cell is uncertain: ${width(0.1)}`);
    assert.ok(width(0.5) < 0.06, `its neighbour is not: ${width(0.5)}`);
    assert.ok(found.notes.some((note) => note.includes('1024/0.1')));
  });
});

describe('a sweep with a pipeline of its own', () => {
  const sweep = simulatePicture([0]);
  const cells = sweep.result.cells.map((result) => ({
    ...result,
    bought: result.cell.sftFraction === 0.5 ? { demonstrations: 1024, pairs: 0 } : undefined,
  }));
  const definition = { ...sweep.definition, pipeline: { module: './own.ts', export: 'own' } };
  const analysis = analyzeSweep({ ...sweep, definition, result: { ...sweep.result, cells } });

  it('names the rows that its pipeline bought where they differ from the split', () => {
    assert.match(
      analysis.answer,
      /With 1,024 rows buy SFT share 0\.5 \(the pipeline bought 1,024 demonstrations and 0 pairs\)/,
    );
    const best = analysis.budgets.find(({ budget }) => budget === 1024);
    assert.equal(describeSplit(best!), 'the pipeline bought 1,024 demonstrations and 0 pairs');
    assert.equal(addSplit(best!), '1,024 + 0');
    const all = analysis.cells.find(({ budget, sftFraction }) => budget === 1024 && sftFraction === 1);
    assert.deepEqual([describeSplit(all!), addSplit(all!)], ['1,024 demonstrations', '1,024 + 0']);
  });

  it('has no verdicts on the built-in pipeline, and no remark on its ablations', () => {
    for (const { verdict, evidence } of analysis.verdicts) {
      assert.equal(verdict, 'not tested');
      assert.deepEqual(evidence, [
        'The definition has a pipeline of its own; the claim is about the built-in one.',
      ]);
    }
    assert.equal(analysis.answer.split('SFT share is what the pipeline was given').length, 2);
    assert.doesNotMatch(analysis.answer, /blation/);
  });
});

describe('incomplete sweeps', () => {
  it('analyses a sweep with failed cells, and lists them', () => {
    const sweep = simulatePicture([0]);
    const failed = identify(1024, 1);
    const cells = sweep.result.cells.filter(({ cell }) => cell.id !== failed.id);
    const failedCells = [{ cell: failed, code: 'DATA_INVALID', message: 'row 3' }];
    const analysis = analyzeSweep({ ...sweep, result: { ...sweep.result, cells, failedCells } });
    const whole = analyzeSweep(sweep);
    assert.deepEqual(
      analysis.cells.find(({ budget, sftFraction }) => budget === 256 && sftFraction === 1),
      whole.cells.find(({ budget, sftFraction }) => budget === 256 && sftFraction === 1),
    );
    const c2 = analysis.verdicts.find(({ claim }) => claim === 'C2')!;
    assert.equal(c2.verdict, 'not tested');
    assert.ok(
      c2.evidence.some((line) => line.includes('SFT share 1 at 1,024 rows, seed 0, failed (DATA_INVALID)')),
    );
    assert.match(
      analysis.answer,
      /embedded model and demonstrations by majority-error: SFT share 1 at 1,024 rows failed \(DATA_INVALID\)/,
    );
    assert.equal(analysis.controls[0]!.overPureSft, null);
  });

  it('does not decide a claim that a failed cell could change', () => {
    const sweep = simulatePicture([0, 1, 2]);
    const cells = sweep.result.cells.filter(({ cell }) => cell.budget !== 1024 || cell.sftFraction !== 0);
    const failedCells = [0, 1, 2].map((seed) => ({
      cell: identify(1024, 0, seed),
      code: 'RETRIES_SPENT',
      message: 'x',
    }));
    const analysis = analyzeSweep({ ...sweep, result: { ...sweep.result, cells, failedCells } });
    const verdicts = analysis.verdicts.map(({ claim, verdict }) => `${claim} ${verdict}`);
    assert.deepEqual(verdicts.slice(1, 4), ['C2 undecided', 'C3 not tested', 'C4 confirmed']);
    assert.equal(analysis.verdicts[1]!.pointsTo, 'for');
  });

  it('finds no winner among cells that are all equal', () => {
    const rows = fixedItems(400, 200);
    const analysis = analyzeSweep(
      makeSweep({ grid: { sftFractions: [1, 0.5, 0.1, 0] }, base: fixedItems(400, 20), rows: () => rows }),
    );
    const [budget] = analysis.budgets;
    assert.deepEqual(budget!.tied, [0, 0.1, 0.5, 1]);
    assert.deepEqual(budget!.indistinguishable, [0, 0.1, 0.5, 1]);
    for (const cell of analysis.cells) assert.ok(Math.abs(cell.probabilityBest! - 0.25) < 1e-9);
    assert.match(analysis.answer, /all splits are statistically tied/);
    assert.ok(analysis.verdicts.every(({ verdict }) => verdict === 'undecided' || verdict === 'not tested'));
  });

  it('rarely excludes a split that equals the rest', () => {
    const random = createDraws('null');
    let excluded = 0;
    for (let round = 0; round < 60; round++) {
      const sweep = makeSweep({
        grid: { sftFractions: [1, 0.75, 0.5, 0.25, 0] },
        base: fixedItems(200, 20),
        rows: () => drawItems(random, 200, () => 0.5),
      });
      const { cells } = analyzeSweep({ ...sweep, resamples: 500 });
      excluded += cells.filter((cell) => cell.distinguishable === true).length;
    }
    assert.ok(excluded <= 0.08 * 300, `${excluded} of 300`);
  });

  it('analyses one cell, and none', () => {
    const sweep = makeSweep({ grid: {}, base: fixedItems(400, 20), rows: () => fixedItems(400, 200) });
    const one = analyzeSweep(sweep);
    assert.equal(one.cells[0]!.probabilityBest, null);
    assert.match(one.answer, /only one split was run/);
    assert.deepEqual(one.budgets[0]!.indistinguishable, [1]);
    assert.ok(one.verdicts.every(({ verdict }) => verdict === 'not tested'));
    const none = analyzeSweep({ ...sweep, result: { ...sweep.result, cells: [] } });
    assert.equal(none.cells.length, 0);
    assert.match(none.answer, /no cell finished/);
  });

  it('uses summaries, unpaired, if item rows are missing', () => {
    const sweep = simulatePicture([0]);
    const whole = analyzeSweep(sweep);
    const bare = analyzeSweep({ ...sweep, items: new Map() });
    assert.equal(bare.items, 0);
    assert.deepEqual(bare.notes.length, sweep.result.cells.length + 2);
    bare.cells.forEach((cell, i) => {
      const { low, high } = whole.cells[i]!.score;
      assert.ok(Math.abs(cell.score.low! - low!) + Math.abs(cell.score.high! - high!) < 1e-12);
      assert.notEqual(cell.probabilityBest, null);
    });
    const other = new Map(sweep.items).set(
      identify(64, 1).id,
      drawItems(createDraws('x'), 30, () => 1),
    );
    const mixed = analyzeSweep({ ...sweep, items: other });
    assert.ok(mixed.notes.some((note) => note.startsWith('b64-r1-s0 was evaluated on other items')));
    assert.equal(mixed.items, 400);
  });

  it('leaves out a control without its mixture', () => {
    const sweep = simulatePicture([0]);
    const lost = { ...sweep.result.controls[0]!, of: 'gone' };
    assert.equal(controlIdOf(lost), 'gone/sft-on-chosen');
    const analysis = analyzeSweep({ ...sweep, result: { ...sweep.result, controls: [lost] } });
    assert.deepEqual(analysis.controls, []);
  });
});
