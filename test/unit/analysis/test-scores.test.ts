import assert from 'node:assert/strict';
import type { AnalyzeSweepInput } from '../../../analysis';
import { baseItemsKey } from '../../../contracts/analysis/sweep';
import { controlIdOf, type TestResult } from '../../../contracts/results';
import type { SweepInput } from '../../../definitions';
import type { ItemResult } from '../../../schemas/rows';
import { testTable } from '../../../report/sections/tests';
import { analyzeSweep, fixedItems, identify, makeSweep, summarize } from '../../support/analysis/sweeps';

const evaluation = { items: 400, maxNewTokens: 48 };

/** Validation prefers SFT share 0.5; on test items it is worse than SFT share 1. */
function sweepOn(split: 'validation' | 'test', grid: Partial<SweepInput> = {}): AnalyzeSweepInput {
  return makeSweep({
    grid: {
      budgets: [64],
      sftFractions: [1, 0.5],
      evaluation: { ...evaluation, split },
      ...grid,
    },
    base: fixedItems(400, 80),
    rows: ({ sftFraction }) => fixedItems(400, sftFraction === 0.5 ? 260 : 240),
    control: { of: identify(64, 0.5).id, rows: fixedItems(400, 250) },
  });
}

const control = { kind: 'sft-on-chosen', of: identify(64, 0.5).id } as const;
const testItems = new Map<string, ItemResult[]>([
  [baseItemsKey, fixedItems(300, 60)],
  [identify(64, 0.5).id, fixedItems(300, 150)],
  [controlIdOf(control), fixedItems(300, 180)],
]);
const testOf = (of: string): TestResult => ({ of, evaluation: summarize(testItems.get(of)!), stages: [] });
const tests = [...testItems.keys()].map(testOf);

function analyze(input: AnalyzeSweepInput, of: readonly TestResult[] = tests) {
  return analyzeSweep({ ...input, result: { ...input.result, tests: of }, testItems });
}

describe('a sweep that chooses by validation items', () => {
  const analysis = analyze(sweepOn('validation'));
  const [best] = analysis.budgets;

  it('chooses and compares by them', () => {
    assert.deepEqual([analysis.split, analysis.items], ['validation', 400]);
    assert.deepEqual([best?.sftFraction, best?.score.estimate], [0.5, 0.65]);
    assert.match(analysis.intervals.label, /^95% intervals over validation items/);
    assert.match(analysis.answer, /Brackets are 95% intervals over validation items/);
  });

  it('has one score on test items for what was chosen, and its difference to the base', () => {
    assert.equal(best?.test?.score.estimate, 0.5);
    assert.equal(best.test.items, 300);
    assert.ok(Math.abs(best.test.aboveBase!.estimate - 0.3) < 1e-12);
    assert.ok(best.test.aboveBase!.low! > 0.2 && best.test.aboveBase!.high! < 0.4);
    assert.equal(best.heldOut, null, 'no halves: nothing was chosen on test items');
    assert.match(
      analysis.answer,
      /On 300 test items it scores 0\.500 \(.*\), a difference of \+0\.300 \(.*\) from the base/,
    );
    assert.doesNotMatch(analysis.answer, /data\.validation/);
  });

  it('has the score of a control whose mixture is not the best split', () => {
    const input = makeSweep({
      grid: { budgets: [64], sftFractions: [1, 0.5], evaluation: { ...evaluation, split: 'validation' } },
      base: fixedItems(400, 80),
      rows: ({ sftFraction }) => fixedItems(400, sftFraction === 0.5 ? 100 : 160),
      control: { of: identify(64, 0.5).id, rows: fixedItems(400, 320) },
    });
    const tested = new Map<string, ItemResult[]>([
      [baseItemsKey, fixedItems(300, 60)],
      [identify(64, 1).id, fixedItems(300, 120)],
      [controlIdOf(control), fixedItems(300, 200)],
    ]);
    const of = [...tested].map(([id, items]) => ({ of: id, evaluation: summarize(items), stages: [] }));
    const found = analyzeSweep({ ...input, result: { ...input.result, tests: of }, testItems: tested });
    const [candidate] = found.candidates;
    assert.deepEqual([candidate?.recommended, candidate?.test?.items], [true, 300]);
    assert.match(found.answer, /SFT on the chosen answers.* On 300 test items it scores 0\.667/);
  });

  it('has the score of prompting at every budget, and names it in the report', () => {
    const prompt = { kind: 'few-shot', of: identify(64, 1).id } as const;
    const rows = fixedItems(400, 320);
    const input = makeSweep({
      grid: { budgets: [64, 128], sftFractions: [1], evaluation: { ...evaluation, split: 'validation' } },
      base: fixedItems(400, 80),
      rows: () => fixedItems(400, 160),
    });
    const controls = [{ ...prompt, evaluation: summarize(rows), annotationUsd: 0.001, stages: [] }];
    const tested = new Map<string, ItemResult[]>([
      [baseItemsKey, fixedItems(300, 60)],
      [controlIdOf(prompt), fixedItems(300, 210)],
    ]);
    const of = [...tested].map(([id, items]) => ({ of: id, evaluation: summarize(items), stages: [] }));
    const found = analyzeSweep({
      ...input,
      items: new Map([...input.items, [controlIdOf(prompt), rows]]),
      result: { ...input.result, controls, tests: of },
      testItems: tested,
    });
    assert.deepEqual(
      found.candidates.map(({ kind, budget, test }) => [kind, budget, test?.score.estimate]),
      [
        ['few-shot', 64, 0.7],
        ['few-shot', 128, 0.7],
      ],
    );
    const table = testTable({ analysis: found, metric: 'accuracy', prefix: '', name: '' }).text;
    assert.match(table, /Base model, demonstrations in its prompt \(few-shot\)/);
  });

  it('has those of the base model and of the controls', () => {
    const found = analysis.tests.map(({ budget, sftFraction, control: of, score }) => ({
      budget,
      sftFraction,
      of: of?.kind,
      score: score.estimate,
    }));
    assert.deepEqual(found, [
      { budget: null, sftFraction: null, of: undefined, score: 0.2 },
      { budget: 64, sftFraction: 0.5, of: undefined, score: 0.5 },
      { budget: 64, sftFraction: 0.5, of: 'sft-on-chosen', score: 0.6 },
    ]);
    assert.equal(analysis.tests[0]?.aboveBase, null);
  });

  it('is above the base only if the test items say so', () => {
    assert.equal(best?.beatsBase, true);
    const low = [baseItemsKey, identify(64, 0.5).id].map((of) => ({
      of,
      evaluation: { ...summarize(fixedItems(300, 60)), key: of },
      stages: [],
    }));
    const equal = new Map(low.map(({ of }) => [of, fixedItems(300, 60)]));
    const input = sweepOn('validation');
    const unequal = analyzeSweep({ ...input, result: { ...input.result, tests: low }, testItems: equal });
    assert.ok(unequal.budgets[0]!.overBase!.low! > 0, 'by validation items it is');
    assert.equal(unequal.budgets[0]?.beatsBase, false);
  });

  it('reports an evaluation on test items that failed', () => {
    const failure = { code: 'TRAINER_CRASHED', message: 'It ended.' };
    const failed: TestResult = { of: identify(64, 0.5).id, evaluation: null, failure, stages: [] };
    const without = analyze(sweepOn('validation'), [testOf(baseItemsKey), failed]);
    assert.equal(without.budgets[0]?.test, null);
    assert.equal(without.budgets[0].beatsBase, true, 'by validation items');
    assert.ok(
      without.notes.includes(`${failed.of} has no score on test items: TRAINER_CRASHED, It ended.`),
      without.notes.join('\n'),
    );
  });
});

describe('a sweep that chooses by test items', () => {
  const analysis = analyze(sweepOn('test'), []);

  it('scores halves, has no further score, and says what to set', () => {
    const [best] = analysis.budgets;
    assert.deepEqual([analysis.split, analysis.tests, best?.test], ['test', [], null]);
    assert.equal(best?.heldOut?.items, 200);
    assert.match(analysis.answer, /The same test items choose a split and score it; set data\.validation/);
  });

  it('has nothing to choose with one split', () => {
    const alone = analyze(sweepOn('test', { sftFractions: [0.5] }), []);
    assert.doesNotMatch(alone.answer, /data\.validation/);
  });
});
