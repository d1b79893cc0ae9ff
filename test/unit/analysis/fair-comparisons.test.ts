import assert from 'node:assert/strict';
import { analyzeSweep, type AnalyzeSweepInput } from '../../../analysis';
import { type CellResult, controlIdOf, type ControlResult } from '../../../contracts/results';
import type { StageResult } from '../../../contracts/stage';
import type { SweepInput } from '../../../definitions';
import { fixedItems, identify, makeSweep, summarize } from '../../support/analysis/sweeps';

const zeroCost = { wallMs: 0, deviceMs: 0, cpuMs: 0, tokens: 0, attempts: 1, verifierCalls: 0 };

/** A finished training stage with its optimiser steps. */
const trained = (kind: 'trainSft' | 'trainPreference', title: string, steps: number): StageResult => ({
  key: title,
  kind,
  makes: 'adapter',
  title,
  digest: title,
  cached: false,
  ledgerHead: null,
  metrics: { steps },
  cost: zeroCost,
  usd: 0,
});

interface Control extends Pick<ControlResult, 'kind'> {
  readonly of: number;
  /** Correct items out of 400. */
  readonly right: number;
  readonly annotationUsd?: number;
  readonly steps?: number;
}

interface Shape {
  /** Correct items out of 400, by SFT share. */
  readonly right: Readonly<Record<number, number>>;
  readonly controls?: readonly Control[];
  /** Optimiser steps of preference tuning. */
  readonly steps?: number;
  readonly grid?: Partial<SweepInput>;
}

/** A sweep of 128 rows; the base has 100 of 400 items correct, and learning rates are 0.005 and 0.0003. */
function sweepOf({ right, controls = [], steps = 40, grid = {} }: Shape): AnalyzeSweepInput {
  const sftFractions = Object.keys(right).map(Number);
  const plain = makeSweep({
    grid: { budgets: [128], sftFractions, ...grid },
    base: fixedItems(400, 100),
    rows: ({ sftFraction }) => fixedItems(400, right[sftFraction]!),
  });
  const { sft, preference } = plain.definition;
  const definition = {
    ...plain.definition,
    sft: { ...sft, learningRate: 5e-3 },
    preference: { ...preference, learningRate: 3e-4 },
  };
  const items = new Map(plain.items);
  const made = controls.map(({ kind, of, right: correct, annotationUsd = 0.128, steps: own = steps }) => {
    const rows = fixedItems(400, correct);
    const stages = kind === 'warm-start' ? [] : [trained('trainSft', 'SFT on chosen answers', own)];
    const result = { kind, of: identify(128, of).id, evaluation: summarize(rows), annotationUsd, stages };
    items.set(controlIdOf(result), rows);
    return result;
  });
  const cells = plain.result.cells.map((cell): CellResult => {
    const tuned = cell.cell.pairRows > 0 ? [trained('trainPreference', 'DPO on pairs', steps)] : [];
    return { ...cell, stages: tuned };
  });
  return { ...plain, definition, items, result: { ...plain.result, cells, controls: made } };
}

const analyze = (shape: Shape) => analyzeSweep(sweepOf(shape));
const effectAt = ({ pairEffects }: ReturnType<typeof analyze>, share: number) =>
  pairEffects.find(({ sftFraction }) => sftFraction === share);

describe('what pairs add', () => {
  it('is the mixture less its warm start, also where the mixture is far below pure SFT', () => {
    const analysis = analyze({
      right: { 1: 200, 0.5: 140 },
      controls: [{ kind: 'warm-start', of: 0.5, right: 140 }],
    });
    assert.equal(effectAt(analysis, 0.5)?.effect, 'none');
    assert.match(
      analysis.answer,
      /At 128 rows and SFT share 0\.5 pairs add nothing: 0\.350 .* warm start 0\.350/,
    );
    assert.doesNotMatch(JSON.stringify(analysis), /hurt/);
  });

  it('hurts or helps by the same comparison', () => {
    const analysis = analyze({
      right: { 1: 300, 0.75: 140, 0.5: 260 },
      controls: [
        { kind: 'warm-start', of: 0.75, right: 200 },
        { kind: 'warm-start', of: 0.5, right: 200 },
      ],
    });
    assert.deepEqual([effectAt(analysis, 0.75)?.effect, effectAt(analysis, 0.5)?.effect], ['hurts', 'helps']);
    assert.match(analysis.answer, /SFT share 0\.5 pairs help: 0\.650/);
    assert.doesNotMatch(analysis.answer, /pairs hurt/, 'the answer has the best mixture of each budget');
  });

  it('is under-trained with fewer than 10 optimiser steps, in place of "hurt", unless it is a gain', () => {
    const controls = [{ kind: 'warm-start', of: 0.5, right: 200 }] as const;
    const few = analyze({ right: { 1: 300, 0.5: 140 }, controls, steps: 8 });
    assert.equal(effectAt(few, 0.5)?.effect, 'under-trained');
    assert.match(few.answer, /under-trained \(8 optimiser steps\), so the score says little about pairs/);
    assert.doesNotMatch(JSON.stringify(few), /hurt/);
    const [finding] = few.findings;
    assert.deepEqual([finding?.kind, finding?.sftFraction], ['under-trained', 0.5]);
    assert.match(
      finding?.evidence.join() ?? '',
      /"DPO on pairs" is under-trained: 8 optimiser steps; the score/,
    );
    const gain = analyze({ right: { 1: 300, 0.5: 260 }, controls, steps: 8 });
    assert.equal(effectAt(gain, 0.5)?.effect, 'helps');
    const enough = analyze({ right: { 1: 300, 0.5: 140 }, controls, steps: 10 });
    assert.equal(effectAt(enough, 0.5)?.effect, 'hurts');
    assert.deepEqual(enough.findings, []);
  });

  it('compares SFT share 0 with the base model, and a mixture with pure SFT on as many demonstrations', () => {
    const sweep = makeSweep({
      grid: { budgets: [64, 128], sftFractions: [1, 0.5, 0] },
      base: fixedItems(400, 100),
      rows: ({ budget, sftFraction }) => fixedItems(400, budget === 64 && sftFraction === 1 ? 220 : 100),
    });
    const { pairEffects } = analyzeSweep(sweep);
    const found = pairEffects.map(({ budget, sftFraction, warmStart }) => [
      budget,
      sftFraction,
      warmStart.estimate,
    ]);
    assert.deepEqual(found, [
      [64, 0, 0.25],
      [128, 0.5, 0.55],
      [128, 0, 0.25],
    ]);
  });

  it('does not call preference tuning without SFT stagnant, or a cold start, after too few steps', () => {
    const shape = { right: { 1: 200, 0.1: 200, 0: 100 } };
    const [enough, few] = [analyze(shape), analyze({ ...shape, steps: 4 })];
    assert.deepEqual([enough.stagnation?.status, enough.coldStart[0]?.status], ['present', 'unclear']);
    assert.equal(few.stagnation, null);
    assert.match(few.coldStart[0]?.advice ?? '', /under-trained/);
  });
});

describe('a control that can be bought', () => {
  const right = { 1: 120, 0.5: 110 };

  it('is recommended where it is above the best split, before "no split is above the base"', () => {
    const { answer, candidates } = analyze({
      right,
      controls: [{ kind: 'sft-on-chosen', of: 0.5, right: 280 }],
    });
    assert.equal(candidates[0]?.recommended, true);
    assert.match(
      answer,
      /: with 128 rows buy SFT share 0\.5 \(64 demonstrations and 64 pairs\) and train with SFT on the chosen answers of the pairs \(control sft-on-chosen\): it scores 0\.700 \(.*\) for \$0\.128\d*, \+0\.400 \(.*\) over the best split, SFT share 1 \(128 demonstrations\), 0\.300 /,
    );
    assert.match(answer, /The control trains at learning rate 0\.005, preference tuning at 0\.0003\./);
  });

  it('is compared, and not recommended, where it is not above the best split', () => {
    const { answer, candidates } = analyze({
      right: { 1: 300, 0.5: 110 },
      controls: [{ kind: 'sft-on-chosen', of: 0.5, right: 300 }],
    });
    assert.equal(candidates[0]?.recommended, false);
    assert.match(answer, /with 128 rows buy SFT share 1/);
    assert.match(
      answer,
      /control sft-on-chosen\) scores 0\.750 .*, 0\.000 .* against the best split, not significant/,
    );
  });

  it('is the better of two, and none that costs more than its mixture', () => {
    const [chosen, samples] = [
      { kind: 'sft-on-chosen', of: 0.5, right: 240 },
      { kind: 'rejection-sampling', of: 0.5, right: 280, annotationUsd: 0.064 },
    ] as const;
    const cheap = analyze({ right, controls: [chosen, samples] });
    assert.match(
      cheap.answer,
      /buy 64 demonstrations and train with SFT on 64 correct samples of the warm start/,
    );
    assert.equal(cheap.candidates[0]?.annotationUsd, 0.064);
    const dear = analyze({ right, controls: [chosen, { ...samples, annotationUsd: 0.2 }] });
    assert.equal(dear.candidates[0]?.kind, 'sft-on-chosen');
  });

  it('is prompting, where its demonstrations cost no more than a split', () => {
    const prompt = { kind: 'few-shot', of: 1, annotationUsd: 0.008 } as const;
    const better = analyze({ right, controls: [{ ...prompt, right: 280 }] });
    const [candidate] = better.candidates;
    assert.deepEqual(
      [
        candidate?.kind,
        candidate?.sftFraction,
        candidate?.sftRows,
        candidate?.pairRows,
        candidate?.recommended,
      ],
      ['few-shot', null, 4, 0, true],
    );
    assert.match(
      better.answer,
      /: with 128 rows buy 4 demonstrations and put them in the prompt of the base model, without training \(control few-shot\): it scores 0\.700 \(.*\) for \$0\.0080?, /,
    );
    const worse = analyze({ right: { 1: 300, 0.5: 110 }, controls: [{ ...prompt, right: 240 }] });
    assert.equal(worse.candidates[0]?.recommended, false);
    assert.match(
      worse.answer,
      /For \$0\.0080?, 4 demonstrations in the prompt of the base model, without training \(control few-shot\) scores 0\.600/,
    );
    const dear = analyze({ right, controls: [{ ...prompt, right: 280, annotationUsd: 9 }] });
    assert.deepEqual(dear.candidates, []);
    const long = analyze({ right, controls: [{ ...prompt, right: 280 }], grid: { numFewShot: 129 } });
    assert.deepEqual(long.candidates, [], 'the budget has fewer rows');
  });

  it('prints the steps of both where they differ', () => {
    const { controls } = analyze({
      right,
      controls: [{ kind: 'sft-on-chosen', of: 0.5, right: 280, steps: 12 }],
    });
    assert.equal(
      controls[0]?.training,
      'The control trains at learning rate 0.005, preference tuning at 0.0003, and in 12 optimiser steps, preference tuning in 40.',
    );
  });
});

describe('a budget without a competitor', () => {
  /** The sweep without the cells of some SFT shares. */
  function without(shares: readonly number[], code: string, shape: Shape) {
    const sweep = sweepOf(shape);
    const cells = sweep.result.cells.filter(({ cell }) => !shares.includes(cell.sftFraction));
    const failedCells = sweep.result.cells
      .filter(({ cell }) => shares.includes(cell.sftFraction))
      .map(({ cell }) => ({ cell, code, message: 'x' }));
    return analyzeSweep({ ...sweep, result: { ...sweep.result, cells, failedCells } });
  }

  it('has no winner after two of three cells failed, and the answer begins with them', () => {
    const analysis = without([1, 0.5], 'DATA_INVALID', { right: { 1: 200, 0.5: 300, 0: 0 } });
    const [budget] = analysis.budgets;
    assert.deepEqual([budget?.noWinner, budget?.missing], ['missing-split', [1, 0.5]]);
    assert.match(
      analysis.answer,
      /majority-error: SFT share 1 at 128 rows and SFT share 0\.5 at 128 rows failed \(DATA_INVALID\) and are missing from this answer\.\nWith 128 rows no split is named best, because SFT share 1 and SFT share 0\.5 have no score: SFT share 0 scores 0\.000/,
    );
    assert.doesNotMatch(analysis.answer, / buy /);
  });

  it('has none after the spend limit skipped a cell, and recommends no control', () => {
    const controls = [{ kind: 'sft-on-chosen', of: 0.5, right: 380 }] as const;
    const analysis = without([1], 'SPEND_LIMIT', { right: { 1: 200, 0.5: 300, 0: 100 }, controls });
    assert.match(analysis.answer, /SFT share 1 at 128 rows was stopped by the spend limit and is missing/);
    assert.equal(analysis.budgets[0]?.noWinner, 'missing-split');
    assert.equal(analysis.candidates[0]?.recommended, false);
  });

  it('does not advise to stop or to buy more from a budget with a missing split', () => {
    const sweep = makeSweep({
      grid: { budgets: [64, 128], sftFractions: [1, 0.5] },
      base: fixedItems(400, 100),
      rows: () => fixedItems(400, 200),
    });
    const kindsOf = (analysis: ReturnType<typeof analyzeSweep>) => analysis.findings.map(({ kind }) => kind);
    assert.ok(kindsOf(analyzeSweep(sweep)).includes('buy-more-or-stop'));
    const [lost, ...cells] = [...sweep.result.cells].reverse();
    const failedCells = [{ cell: lost!.cell, code: 'DATA_INVALID', message: 'x' }];
    const partial = analyzeSweep({ ...sweep, result: { ...sweep.result, cells, failedCells } });
    assert.ok(!kindsOf(partial).includes('buy-more-or-stop'));
  });

  it('keeps its winner where one seed of a split failed, or where a search skipped a split', () => {
    const grid = { seeds: [0, 1] };
    const sweep = sweepOf({ right: { 1: 200, 0.5: 300, 0: 100 }, grid });
    const lost = sweep.result.cells.find(({ cell }) => cell.sftFraction === 1 && cell.seed === 1)!;
    const cells = sweep.result.cells.filter((cell) => cell !== lost);
    const failedCells = [{ cell: lost.cell, code: 'DATA_INVALID', message: 'x' }];
    const partial = analyzeSweep({ ...sweep, result: { ...sweep.result, cells, failedCells } });
    assert.equal(partial.budgets[0]?.noWinner, null);
    assert.match(partial.answer, /: SFT share 1 at 128 rows \(seed 1\) failed/);
    const skipped = sweep.result.cells.filter(({ cell }) => cell.sftFraction !== 1);
    const searched = analyzeSweep({ ...sweep, result: { ...sweep.result, cells: skipped } });
    assert.equal(searched.budgets[0]?.noWinner, null);
  });

  it('names controls and a base model that failed first', () => {
    const sweep = sweepOf({ right: { 1: 200, 0.5: 300 } });
    const of = identify(128, 0.5).id;
    const reason = { code: 'DATA_INVALID', message: 'x' };
    const failedControls = [{ kind: 'warm-start' as const, of, ...reason, stages: [] }];
    const result = { ...sweep.result, base: null, baseFailure: reason, failedControls };
    const { answer } = analyzeSweep({ ...sweep, result });
    assert.match(
      answer,
      /: the base model’s evaluation failed \(DATA_INVALID\), so no split is compared with it\.\nThese controls failed and are missing: warm-start of SFT share 0\.5 at 128 rows\.\nWith 128 rows buy/,
    );
  });
});
