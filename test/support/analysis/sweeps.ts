import { baseItemsKey } from '../../../contracts/analysis/sweep';
import { controlIdOf } from '../../../contracts/results';
import { sweepDefinition, type SweepDefinition } from '../../../schemas/definition';
import type { SweepInput } from '../../../definitions';
import type { CellIdentity, CellResult, EvaluationSummary, SweepResult } from '../../../contracts/results';
import type { ItemResult } from '../../../schemas/rows';
import { analyzeSweep, type AnalyzeSweepInput } from '../../../analysis';
import { createDraws, type Draws } from '../../../analysis/random';

const training = { epochs: 2, batchSize: 8, learningRate: 1e-3, lora: null, maxLength: 96 };

/** A definition whose hyperparameters no analysis reads. */
export function defineSweep(grid: Partial<SweepInput>): SweepDefinition {
  return sweepDefinition.parse({
    name: 'simulated',
    task: 'grade-school-math',
    data: { source: 'synthetic' },
    annotator: 'majority-error',
    budgets: [64],
    sftFractions: [1],
    sft: training,
    preference: { ...training, loss: { name: 'sigmoid', beta: 0.5 } },
    pairs: { maxNewTokens: 48 },
    evaluation: { items: 400, maxNewTokens: 48 },
    prices: { sftExample: 0.001, preferencePair: 0.001 },
    ...grid,
  });
}

/** One evaluated item; what is not given is an ordinary well-formed answer. */
export function makeItem(index: number, score: number, rest: Partial<ItemResult> = {}): ItemResult {
  return {
    id: `test-${String(index).padStart(4, '0')}`,
    prompt: `Q ${index}`,
    completion: 'A',
    score,
    wellFormed: true,
    truncated: false,
    tokens: 28,
    finish: 'stop',
    repetition: 0,
    scores: {},
    target: '1',
    ...rest,
  };
}

const average = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

export function summarize(rows: readonly ItemResult[]): EvaluationSummary {
  return {
    key: 'key',
    digest: 'digest',
    items: rows.length,
    score: average(rows.map((row) => row.score)),
    wellFormedRate: average(rows.map((row) => Number(row.wellFormed))),
    truncatedRate: average(rows.map((row) => Number(row.truncated))),
    noEosRate: average(rows.map((row) => Number(row.finish === 'length'))),
    meanTokens: average(rows.map((row) => row.tokens)),
    metric: 'accuracy',
    repetitionRate: average(rows.map((row) => row.repetition)),
    scores: {},
  };
}

/** A summary that knows a score and nothing else: no items, no style. */
export function bareSummary(score: number): EvaluationSummary {
  const unknown = Number.NaN;
  return {
    ...summarize([]),
    items: 0,
    score,
    wellFormedRate: unknown,
    truncatedRate: unknown,
    noEosRate: unknown,
    meanTokens: unknown,
    repetitionRate: unknown,
  };
}

export function identify(budget: number, sftFraction: number, seed = 0): CellIdentity {
  const sftRows = Math.max(0, Math.ceil(sftFraction * budget - 1e-9));
  return {
    id: `b${budget}-r${sftFraction}-s${seed}`,
    task: 'grade-school-math',
    model: 'embedded',
    annotator: 'majority-error',
    budget,
    sftFraction,
    seed,
    sftRows,
    pairRows: budget - sftRows,
  };
}

export function cellResult(cell: CellIdentity, evaluation: EvaluationSummary): CellResult {
  return { cell, evaluation, stages: [], annotationUsd: cell.budget * 0.001 };
}

const zeroCost = { wallMs: 0, deviceMs: 0, cpuMs: 0, tokens: 0, attempts: 0, verifierCalls: 0 };

export function sweepResult(
  base: EvaluationSummary,
  cells: readonly CellResult[],
  rest: Partial<SweepResult> = {},
): SweepResult {
  return {
    sweepId: 'sweep',
    definitionDigest: 'digest',
    base,
    baseStages: [],
    cells,
    failedCells: [],
    controls: [],
    failedControls: [],
    tests: [],
    ledgerHead: null,
    cost: zeroCost,
    ...rest,
  };
}

export interface Place {
  readonly budget: number;
  readonly sftFraction: number;
  readonly seed: number;
}

/** Items of one cell. */
export type MakeRows = (place: Place) => ItemResult[];

/** A whole sweep with item rows, ready for `analyzeSweep`. */
export function makeSweep(options: {
  readonly grid: Partial<SweepInput>;
  readonly base: readonly ItemResult[];
  readonly rows: MakeRows;
  readonly control?: { readonly of: string; readonly rows: readonly ItemResult[] };
}): AnalyzeSweepInput {
  const definition = defineSweep(options.grid);
  const items = new Map<string, readonly ItemResult[]>([[baseItemsKey, options.base]]);
  const cells: CellResult[] = [];
  for (const budget of definition.budgets) {
    for (const sftFraction of definition.sftFractions) {
      for (const seed of definition.seeds) {
        const cell = identify(budget, sftFraction, seed);
        const rows = options.rows({ budget, sftFraction, seed });
        items.set(cell.id, rows);
        cells.push(cellResult(cell, summarize(rows)));
      }
    }
  }
  if (options.control === undefined) {
    return { result: sweepResult(summarize(options.base), cells), definition, items };
  }
  const { of, rows } = options.control;
  const evaluation = summarize(rows);
  const control = { kind: 'sft-on-chosen' as const, of, evaluation, annotationUsd: 0.001, stages: [] };
  items.set(controlIdOf(control), rows);
  return { result: sweepResult(summarize(options.base), cells, { controls: [control] }), definition, items };
}

/** Right-or-wrong items that are drawn one by one. */
export function drawItems(random: Draws, count: number, chance: (index: number) => number): ItemResult[] {
  return Array.from({ length: count }, (_, i) => makeItem(i, Number(random.uniform() < chance(i))));
}

/** Items of which the first `right` are correct. */
export function fixedItems(count: number, right: number, rest: Partial<ItemResult> = {}): ItemResult[] {
  return Array.from({ length: count }, (_, i) => makeItem(i, Number(i < right), rest));
}

export { analyzeSweep, createDraws, type Draws };
