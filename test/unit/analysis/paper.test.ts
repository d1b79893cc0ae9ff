import assert from 'node:assert/strict';
import type { SweepAnalysis } from '../../../contracts/analysis/sweep';
import type { ClaimId, ClaimVerdict } from '../../../contracts/analysis/verdicts';
import type { SweepInput } from '../../../definitions';
import { llama, llamaBudgets, type LlamaTask } from '../../support/analysis/llama-table';
import {
  analyzeSweep,
  bareSummary,
  cellResult,
  defineSweep,
  identify,
  sweepResult,
} from '../../support/analysis/sweeps';

function analyzeTable(task: LlamaTask, grid: Partial<SweepInput> = {}): SweepAnalysis {
  const fractions = [...task.scores.keys()];
  const budgets = llamaBudgets.slice(0, task.scores.get(1)!.length);
  const cells = budgets.flatMap((budget, i) =>
    fractions.map((r) => cellResult(identify(budget, r), bareSummary(task.scores.get(r)![i]! / 100))),
  );
  return analyzeSweep({
    result: sweepResult(bareSummary(task.base / 100), cells),
    definition: defineSweep({ budgets, sftFractions: fractions, ...grid }),
    items: new Map(),
  });
}

function verdictOf(analysis: SweepAnalysis, claim: ClaimId): ClaimVerdict {
  return analysis.verdicts.find((verdict) => verdict.claim === claim)!;
}

const pointsOf = (task: LlamaTask, claim: ClaimId, grid?: Partial<SweepInput>): ClaimVerdict['pointsTo'] =>
  verdictOf(analyzeTable(task, grid), claim).pointsTo;

describe('the study’s own table, scores without items', () => {
  it('decides no claim and has no intervals', () => {
    for (const task of Object.values(llama)) {
      const analysis = analyzeTable(task);
      assert.equal(analysis.intervals.basis, 'none');
      assert.ok(analysis.verdicts.every(({ verdict }) => ['undecided', 'not tested'].includes(verdict)));
      assert.ok(analysis.verdicts.every((claim) => claim.verdict === 'not tested' || claim.conditional));
      assert.ok(analysis.cells.every((cell) => cell.score.low === null && cell.probabilityBest === null));
      assert.ok(analysis.budgets.every((budget) => budget.beatsBase === null));
      assert.match(analysis.answer, /There are no intervals/);
    }
  });

  it('finds the best split of each budget', () => {
    const best = (task: LlamaTask): number[] =>
      analyzeTable(task).budgets.map((budget) => budget.sftFraction);
    assert.deepEqual(best(llama.ifeval), [1, 1, 1, 0.5, 0.5, 0.5]);
    assert.deepEqual(best(llama.gsm8k), [1, 1, 1, 0.5, 0.75, 0.25]);
    const tldr = analyzeTable(llama.tldr).budgets.find(({ budget }) => budget === 10_000)!;
    assert.deepEqual(tldr.tied, [0.25, 0.5]);
  });

  it('finds the 5% region of a budget', () => {
    const regions = new Map(
      analyzeTable(llama.gsm8k).budgets.map(({ budget, regions }) => [budget, regions[0]!]),
    );
    assert.deepEqual(regions.get(100)!.fractions, [1]);
    assert.deepEqual(regions.get(20_000), {
      epsilon: 0.05,
      fractions: [0.25, 0.5, 0.75],
      low: 0.25,
      high: 0.75,
      width: 0.5,
      count: 3,
      settled: null,
    });
  });

  it('C1: for SFT at 100 on every task, and against the prose on TL;DR at 1,000', () => {
    for (const task of Object.values(llama)) assert.equal(pointsOf(task, 'C1'), 'for');
    assert.equal(pointsOf(llama.tldr, 'C1', { smallBudgetMax: 1000 }), 'against');
    assert.equal(pointsOf(llama.gsm8k, 'C1', { smallBudgetMax: 1000 }), 'for');
    assert.equal(pointsOf(llama.ifeval, 'C1', { smallBudgetMax: 1000 }), 'for');
    // 54 against 56 at 500 is a loss of exactly the margin.
    assert.equal(pointsOf(llama.tldr, 'C1', { smallBudgetMax: 500 }), 'unclear');
  });

  it('C2: for mixtures at the largest budget on every task, by less than the margin on math at 10,000', () => {
    for (const task of Object.values(llama)) assert.equal(pointsOf(task, 'C2'), 'for');
    assert.equal(pointsOf(llama.gsm8k, 'C2', { largeBudgetMin: 10_000 }), 'against');
    assert.equal(pointsOf(llama.ifeval, 'C2', { largeBudgetMin: 10_000 }), 'for');
  });

  it('C3: not tested, since no warm start of at most 10% is in the table', () => {
    for (const task of Object.values(llama)) {
      assert.equal(verdictOf(analyzeTable(task), 'C3').verdict, 'not tested');
    }
  });

  it('C4: SFT’s returns diminish, but not on IFEval, which gains six points in its last doubling', () => {
    assert.deepEqual(
      (['tldr', 'helpfulness', 'ifeval', 'gsm8k'] as const).map((name) => pointsOf(llama[name], 'C4')),
      ['for', 'for', 'against', 'for'],
    );
  });

  it('C5: more pairs than demonstrations on math, as many of each on IFEval', () => {
    assert.equal(pointsOf(llama.gsm8k, 'C5'), 'for');
    assert.equal(pointsOf(llama.ifeval, 'C5'), 'against');
  });

  it('finds the cold start of math from the scores alone', () => {
    const largest = analyzeTable(llama.gsm8k).coldStart.find(({ budget }) => budget === 20_000)!;
    assert.equal(largest.status, 'present');
    assert.equal(largest.strength, 'strong');
    assert.deepEqual(
      largest.evidence.map(({ metric }) => metric),
      ['score'],
    );
  });

  it('finds SFT share 0 falling on IFEval between 100 and 500', () => {
    assert.equal(analyzeTable(llama.ifeval).stagnation?.status, 'present');
    assert.equal(analyzeTable(llama.tldr).stagnation?.status, 'absent');
  });
});
