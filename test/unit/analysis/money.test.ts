import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { analyzeResults } from '../../../app/results/analyze-results';
import { parseResults } from '../../../app/results/results-csv';
import type { Finding } from '../../../contracts/analysis/diagnoses';
import type { SubjectAnalysis } from '../../../contracts/analysis/sweep';
import { describeSwitches } from '../../../report';
import { sweepDefinition } from '../../../schemas/definition';
import { priceRatioOf } from '../../../stages';
import { llamaFile } from '../../support/analysis/llama-table';
import {
  analyzeSweep,
  createDraws,
  drawItems,
  fixedItems,
  identify,
  makeSweep,
} from '../../support/analysis/sweeps';

const prices = { sftExample: 0.002, preferencePair: 0.001 };
const { rows } = parseResults(readFileSync(llamaFile, 'utf8'), llamaFile);
const analyses = analyzeResults(rows, { equivalenceMargin: 0.02, prices });
const taskOf = (task: string): SubjectAnalysis => analyses.find((analysis) => analysis.task === task)!;

function statusOf({ findings }: SubjectAnalysis, kind: Finding['kind']): string | undefined {
  return findings.find((finding) => finding.kind === kind)?.status;
}

describe('marginal gains', () => {
  it('compares only cells that differ in one stage, per thousand rows and per dollar', () => {
    const { gains } = taskOf('GSM8K');
    const step = gains.find(
      ({ stage, otherRows, toRows }) => stage === 'pairs' && otherRows === 5000 && toRows === 15_000,
    )!;
    // r = .5 of 10,000 to r = .25 of 20,000: 66 to 70 for 10,000 pairs.
    assert.equal(step.fromRows, 5000);
    assert.ok(Math.abs(step.gain.estimate - 0.04) < 1e-9);
    assert.ok(Math.abs(step.perThousandRows.estimate - 0.004) < 1e-9);
    assert.ok(Math.abs(step.perUsd!.estimate - 0.004) < 1e-9);
    const sft = gains.find(
      ({ stage, otherRows, toRows }) => stage === 'sft' && otherRows === 0 && toRows === 500,
    )!;
    // 29 to 47 for 400 demonstrations at 0.2 cents.
    assert.ok(Math.abs(sft.perUsd!.estimate - 0.18 / 0.8) < 1e-9);
  });

  it('lists the frontier, rising in cost and score', () => {
    for (const { frontier, cells } of analyses) {
      frontier.slice(1).forEach((point, i) => {
        assert.ok(point.annotationUsd > frontier[i]!.annotationUsd);
        assert.ok(point.score.estimate > frontier[i]!.score.estimate);
      });
      for (const cell of cells) {
        const reached = frontier.filter(({ annotationUsd }) => annotationUsd <= cell.annotationUsd);
        assert.ok(reached.at(-1)!.score.estimate >= cell.score.estimate - 1e-9);
      }
    }
  });
});

describe('the ratio of prices', () => {
  it('reads measured cells at ratio 1, where the money buys the budget itself', () => {
    for (const analysis of analyses) {
      for (const { money, curve } of analysis.prices) {
        const { scores, best } = curve.find(({ ratio }) => ratio === 1)!;
        for (const { fraction, score } of scores) {
          const cell = analysis.cells.find((one) => one.budget === money && one.sftFraction === fraction)!;
          assert.ok(Math.abs(score - cell.score.estimate) < 1e-9);
        }
        assert.equal(best, Math.min(...analysis.budgets.find(({ budget }) => budget === money)!.tied));
      }
    }
  });

  it('never extrapolates', () => {
    for (const { cells, prices: list } of analyses) {
      const budgets = cells.map(({ budget }) => budget);
      const [least, most] = [Math.min(...budgets), Math.max(...budgets)];
      for (const { money, curve, from, to } of list) {
        for (const { ratio, scores, best } of curve) {
          for (const { fraction } of scores) {
            const bought = money / (ratio * fraction + 1 - fraction);
            assert.ok(bought >= least * (1 - 1e-6) && bought <= most * (1 + 1e-6));
          }
          assert.equal(best !== null, ratio >= from && ratio <= to);
        }
      }
    }
  });

  describe('at the prices of a sweep', () => {
    const sweep = makeSweep({
      grid: { budgets: [250, 500, 1000], sftFractions: [1, 0.5, 0] },
      base: fixedItems(400, 20),
      rows: ({ budget, sftFraction }) => fixedItems(400, budget / 10 + sftFraction * 100),
    });
    const pairs = sweep.definition.pairs;
    const analyzeAt = (prices: object, chosen = pairs.chosen) => {
      const definition = sweepDefinition.parse({
        ...sweep.definition,
        prices,
        pairs: { ...pairs, chosen },
      });
      return analyzeSweep({ ...sweep, definition, priceRatio: priceRatioOf(definition) });
    };
    const shape = ({ prices: [first] }: SubjectAnalysis) => {
      const { own, curve } = first!;
      return [own, curve[0]!.ratio, curve.at(-1)!.ratio, curve.filter(({ ratio }) => ratio === own).length];
    };
    const c5 = ({ verdicts }: SubjectAnalysis) => verdicts.find(({ claim }) => claim === 'C5')!;

    it('is the cost of a demonstration in pairs, samples included, and on the curve', () => {
      assert.deepEqual(shape(analyzeAt({ sftExample: 0.3, preferencePair: 0.1 })), [0.3 / 0.1, 0.5, 10, 1]);
      const sampled = analyzeAt({ sftExample: 2, preferencePair: 1, sample: 0.1, verifierCall: 0.2 });
      assert.deepEqual(shape(sampled), [0.5, 0.5, 10, 1]);
      assert.match(c5(sampled).evidence.join(' '), /a demonstration costs 0\.5 pairs/);
      assert.match(describeSwitches(sampled.prices[0]!), / At ratio 0\.50, that of the prices here: /);
      const cheap = analyzeAt({ sftExample: 0.1, preferencePair: 1 });
      assert.deepEqual(shape(cheap), [0.1, 0.1, 10, 1], 'the range is extended');
    });

    it('is at most 1 where a pair contains a demonstration', () => {
      const analysis = analyzeAt({ sftExample: 2, preferencePair: 1 }, 'gold');
      assert.deepEqual(shape(analysis), [2 / 3, 0.5, 1, 1]);
      const { rule, evidence } = c5(analysis);
      assert.match(rule, /^At every ratio of prices, SFT to pair, of 1, for/);
      assert.match(evidence.join(' '), /costs 0\.67 pairs.*never costs more than a pair/);
    });

    it('is not marked where one of them costs nothing', () => {
      for (const free of [
        { sftExample: 0, preferencePair: 1 },
        { sftExample: 1, preferencePair: 0 },
      ])
        assert.deepEqual(shape(analyzeAt(free)), [undefined, 0.5, 10, 0]);
    });
  });

  it('finds the ratio at which a straight picture switches, with an interval around it', () => {
    // SFT share 1 rises by .2 a doubling from .5 at 500; SFT share 0 is flat at .6. For 1,000 pairs' money SFT share 1 has .7 − .2 log2(ratio).
    const random = createDraws('switch');
    const truth = (r: number, budget: number): number =>
      r === 0 ? 0.6 : 0.5 + 0.2 * Math.log2(budget / 500);
    const sweep = makeSweep({
      grid: { budgets: [250, 500, 1000, 2000], sftFractions: [1, 0], seeds: [0, 1, 2] },
      base: fixedItems(1000, 100),
      rows: ({ sftFraction, budget }) => drawItems(random, 1000, () => truth(sftFraction, budget)),
    });
    const { prices: list } = analyzeSweep(sweep);
    const { switches } = list.find(({ money }) => money === 1000)!;
    assert.equal(switches.length, 1);
    const [only] = switches;
    assert.deepEqual([only!.fromFraction, only!.toFraction], [1, 0]);
    assert.ok(only!.low! < Math.SQRT2 && Math.SQRT2 < only!.high!, JSON.stringify(only));
    assert.ok(only!.low! > 1 && only!.high! < 2);
  });
});

describe('budgets of money', () => {
  it('are printed in dollars, and compared by rows under price ratios', () => {
    const sweep = makeSweep({
      grid: { budgets: [500, 2000], sftFractions: [1, 0.5, 0], seeds: [0, 1, 2] },
      base: fixedItems(400, 20),
      rows: ({ budget, sftFraction }) => fixedItems(400, sftFraction === 0 ? 40 : budget === 500 ? 200 : 300),
    });
    const definition = { ...sweep.definition, budgetUnit: 'usd' as const };
    const [rows, dollars] = [analyzeSweep(sweep), analyzeSweep({ ...sweep, definition })];
    assert.equal(dollars.unit, 'usd');
    assert.match(rows.answer, /With 2,000 rows/);
    assert.match(dollars.answer, /With \$2,000/);
    const texts = JSON.stringify([dollars.answer, dollars.verdicts, dollars.coldStart, dollars.findings]);
    assert.ok(!/\d rows/.test(texts), texts);
    assert.deepEqual(dollars.prices, rows.prices);
  });
});

describe('further diagnoses', () => {
  it('finds the tasks of the study’s table that still gain at the largest budget', () => {
    const said = analyses.map((analysis) =>
      [analysis.task, statusOf(analysis, 'saturation'), statusOf(analysis, 'buy-more-or-stop')].join(' '),
    );
    assert.deepEqual(said, [
      'TL;DR present present',
      'helpfulness absent present',
      'IFEval absent absent',
      'GSM8K present absent',
    ]);
  });

  const random = createDraws('length');
  const sweep = makeSweep({
    // Pure SFT on 128 demonstrations is the warm start of the mixture of 256 rows.
    grid: { budgets: [128, 256], sftFractions: [1, 0.5], seeds: [0, 1, 2] },
    base: fixedItems(400, 40),
    rows: ({ sftFraction }) =>
      drawItems(random, 400, () => 0.6).map((row) => ({ ...row, tokens: sftFraction === 1 ? 30 : 50 })),
  });

  it('finds answers that grew without a better score, and chosen answers that became less likely', () => {
    const ratios = new Map([0, 1, 2].map((seed) => [identify(256, 0.5, seed).id, -0.8]));
    const { findings } = analyzeSweep({ ...sweep, chosenLogRatios: ratios });
    const grown = findings.find(({ kind }) => kind === 'length-hacking')!;
    assert.deepEqual([grown.budget, grown.sftFraction], [256, 0.5]);
    assert.notEqual(grown.status, 'absent');
    assert.match(grown.evidence.join(' '), /\+67% longer/);
    const fallen = findings.find(({ kind }) => kind === 'falling-chosen')!;
    assert.equal(fallen.status, 'present');
    assert.match(fallen.evidence.join(' '), /ends at −0\.800: at −0\.693 they are half as likely/);
  });

  it('finds neither if nothing happened or nothing was recorded', () => {
    const risen = new Map([0, 1, 2].map((seed) => [identify(256, 0.5, seed).id, 0.2]));
    const even = makeSweep({
      grid: { budgets: [256], sftFractions: [1, 0.5] },
      base: fixedItems(400, 40),
      rows: () => fixedItems(400, 200),
    });
    const noise = new Map([0, 1, 2].map((seed) => [identify(256, 0.5, seed).id, -0.69]));
    for (const chosenLogRatios of [risen, noise]) {
      const kinds = analyzeSweep({ ...even, chosenLogRatios }).findings.map(({ kind }) => kind);
      assert.deepEqual(kinds, []);
    }
  });
});
