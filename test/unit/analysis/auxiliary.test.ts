import assert from 'node:assert/strict';
import { analyzeSweep, type AnalyzeSweepInput } from '../../../analysis';
import type { Estimate } from '../../../contracts/analysis/estimate';
import { baseItemsKey } from '../../../contracts/analysis/sweep';
import type { EvaluationSummary } from '../../../contracts/results';
import type { ItemResult } from '../../../schemas/rows';
import { fixedItems, makeSweep, summarize } from '../../support/analysis/sweeps';

const items = 200;
/** Correct answers on the auxiliary task by SFT share: demonstrations cost the most. */
const right: Record<number, number> = { 1: 60, 0.5: 97, 0: 100 };
const grid = {
  budgets: [64],
  sftFractions: [1, 0.5, 0],
  evaluation: {
    items: 400,
    maxNewTokens: 48,
    auxiliary: [{ task: 'instruction-following', name: 'ifeval', items, maxNewTokens: 48 }],
  },
};
const plain = makeSweep({ grid, base: fixedItems(400, 80), rows: () => fixedItems(400, 200) });

const withAuxiliary = (evaluation: EvaluationSummary, rows: readonly ItemResult[]): EvaluationSummary => ({
  ...evaluation,
  auxiliary: [{ ...summarize(rows), name: 'ifeval', scoreLow: 0, scoreHigh: 1 }],
});

/** The sweep with an auxiliary task; the base has half of its items correct. */
function evaluated(): AnalyzeSweepInput {
  const { result } = plain;
  const base = fixedItems(items, 100);
  const rows = new Map<string, ItemResult[]>([[baseItemsKey, base]]);
  const cells = result.cells.map((cell) => {
    const its = fixedItems(items, right[cell.cell.sftFraction]!);
    rows.set(cell.cell.id, its);
    return { ...cell, evaluation: withAuxiliary(cell.evaluation, its) };
  });
  const auxiliaryItems = new Map([['ifeval', rows]]);
  return { ...plain, auxiliaryItems, result: { ...result, base: withAuxiliary(result.base!, base), cells } };
}

describe('regression checks on auxiliary tasks', () => {
  it('compares every cell with the base, item by item, and reports significant falls', () => {
    const { auxiliary, answer } = analyzeSweep(evaluated());
    const [task] = auxiliary;
    assert.deepEqual(
      task?.cells.map(({ sftFraction, effect }) => [sftFraction, effect]),
      [
        [1, 'hurts'],
        [0.5, 'unclear'],
        [0, 'none'],
      ],
    );
    const [sft, mixture] = task.cells;
    assert.ok(Math.abs(sft!.difference!.estimate + 0.2) < 1e-12);
    // Paired: the intervals of each are much wider than that of their difference, which depends on three items.
    const width = (of: Estimate | null): number => of!.high! - of!.low!;
    assert.ok(width(mixture!.difference) < width(mixture!.score) / 2);
    assert.match(
      task.reading,
      /^“ifeval” is significantly below .*0\.500 .* in 1 of 3 cells \(95%\); most at 64 rows, SFT share 1: −0\.200/,
    );
    assert.ok(answer.includes(task.reading));
  });

  it('uses summaries without items, and leaves out cells that were not evaluated on the task', () => {
    const { result, ...rest } = evaluated();
    const [, ...others] = result.cells;
    const cells = [plain.result.cells[0]!, ...others];
    const [task] = analyzeSweep({
      ...rest,
      auxiliaryItems: new Map(),
      result: { ...result, cells },
    }).auxiliary;
    assert.deepEqual(
      task?.cells.map(({ sftFraction }) => sftFraction),
      [0.5, 0],
    );
    assert.equal(task.items, 0);
    assert.equal(task.cells[0]!.score.estimate, 97 / items);
    assert.equal(task.cells[0]!.effect, 'unclear', 'unpaired, three items are not significant');
  });

  it('reports a base score of 0, which cannot fall', () => {
    const { result, auxiliaryItems, ...rest } = evaluated();
    const none = fixedItems(items, 0);
    const cells = result.cells.map((cell) => ({ ...cell, evaluation: withAuxiliary(cell.evaluation, none) }));
    const rows = new Map([...auxiliaryItems!.get('ifeval')!.keys()].map((run) => [run, none] as const));
    const base = withAuxiliary(result.base!, none);
    const [task] = analyzeSweep({
      ...rest,
      result: { ...result, base, cells },
      auxiliaryItems: new Map([['ifeval', rows]]),
    }).auxiliary;
    assert.match(task?.reading ?? '', /^“ifeval” cannot fall/);
  });

  it('shows scores without a comparison if the base has none', () => {
    const { result, ...rest } = evaluated();
    const [task] = analyzeSweep({ ...rest, result: { ...result, base: null } }).auxiliary;
    assert.equal(task?.base, null);
    assert.deepEqual([task.cells[0]?.score.estimate, task.cells[0]?.difference], [0.3, null]);
    assert.match(task.reading, /the base model has no score/);
  });

  it('is empty without auxiliary tasks', () => {
    const { budgets, sftFractions } = grid;
    const input = makeSweep({
      grid: { budgets, sftFractions },
      base: fixedItems(8, 2),
      rows: () => fixedItems(8, 4),
    });
    assert.deepEqual(analyzeSweep(input).auxiliary, []);
  });
});
