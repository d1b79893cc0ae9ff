import type { AuxiliaryAnalysis } from '../contracts/analysis/auxiliary';
import type { IntervalBasis } from '../contracts/analysis/estimate';
import type { PriceRatio } from '../contracts/analysis/money';
import type {
  FailedControlAnalysis,
  FailedCellAnalysis,
  SubjectAnalysis,
  SubjectName,
  SweepAnalysis,
} from '../contracts/analysis/sweep';
import type { TestAnalysis } from '../contracts/analysis/splits';
import { nameOfAuxiliary } from '../contracts/auxiliary';
import { type EvaluationSplit, splitOf } from '../contracts/evaluation-split';
import { numFewShotOf } from '../contracts/few-shot';
import type { Coordinates } from '../core/coordinates';
import type { SweepDefinition } from '../schemas/definition';
import type { FailedCell, FailureReason, SweepResult } from '../contracts/results';
import { writeAnswer } from './answer';
import { analyzeBudgets, measureStyle } from './best';
import { analyzeAuxiliary, type AuxiliaryItems } from './auxiliary';
import type { ClaimBudgets } from './claim-rules';
import { judgeClaims } from './claims';
import { diagnoseColdStart } from './cold-start';
import { analyzeCandidates } from './candidates';
import { analyzeControls, analyzeFurtherControls, type LearningRates } from './controls';
import { findFurther } from './findings';
import { buildGrid, type Grid, type GridInput, type ItemsByRun } from './grid';
import { createInference, unitsOf, variesBySeedsAlone, type Inference } from './inference';
import { findFrontier, measureGains } from './marginal-gains';
import { measurePairEffects } from './pair-effects';
import { analyzePrices } from './price-sensitivity';
import { transferBetweenBudgets } from './regions';
import { seedVariance } from './seed-pool';
import { diagnoseStagnation } from './stagnation';
import { countOf } from '../contracts/text';
import { joinNumbers, sayBudget } from './text';
import { analyzeTests, describeFailedTests } from './test-scores';
import { analyzeTuning } from './tuning';

/** Joint bootstrap resamples: they give a probability to within 0.01. */
const defaultResamples = 2000;

export interface AnalyzeSweepInput {
  readonly result: SweepResult;
  readonly definition: SweepDefinition;
  /** The place on the sweep's axes. Left out: a sweep without axes. */
  readonly axes?: Coordinates;
  /** Item rows by cell id, `controlIdOf` of a control, or `baseItemsKey`. Missing rows: summaries are used. */
  readonly items: ItemsByRun;
  /** Item rows of evaluations on test items, by run. */
  readonly testItems?: ItemsByRun;
  /** Item rows of auxiliary tasks, by their names. */
  readonly auxiliaryItems?: AuxiliaryItems;
  /** Reward of the chosen answers at the end of preference training, by cell id, if known. */
  readonly chosenLogRatios?: ReadonlyMap<string, number>;
  /** Left out: unknown, or rows of one kind cost nothing. */
  readonly priceRatio?: PriceRatio;
  /** Joint bootstrap resamples. Default: 2,000. */
  readonly resamples?: number;
}

/** The cells of one task and base model, of a sweep or of a table of scores. */
export interface AnalyzeSubjectInput extends GridInput {
  readonly subject: SubjectName & Pick<SubjectAnalysis, 'annotator' | 'metric'>;
  /** What was fixed before the run. */
  readonly rules: ClaimBudgets;
  /** Left out: unknown, or rows of one kind cost nothing. */
  readonly priceRatio?: PriceRatio;
  readonly failedCells: readonly FailedCellAnalysis[];
  /** Default: none. */
  readonly failedControls?: readonly FailedControlAnalysis[];
  /** Why the base's evaluation failed, if it did. */
  readonly baseFailure?: FailureReason;
  /** Default: unknown. */
  readonly learningRates?: LearningRates;
  /** Item rows by run. Null: summaries are used. */
  readonly items: ItemsByRun | null;
  /** Items that splits are compared on. Default: unknown. */
  readonly split?: EvaluationSplit;
  /** Scores on test items of what was chosen by validation items. Default: none. */
  readonly tests?: readonly TestAnalysis[];
  /** Demonstrations in the prompt of the control `few-shot`. Default: 0, there is no such control. */
  readonly fewShot?: number;
  /** Default: none. */
  readonly auxiliary?: readonly AuxiliaryAnalysis[];
  readonly resamples?: number;
}

function basisOf(inference: Inference): IntervalBasis {
  const { grid } = inference;
  if (variesBySeedsAlone(grid)) return 'seeds';
  if (!unitsOf(grid).some((unit) => inference.measure(unit).itemVariance !== null)) return 'none';
  return inference.pools('score').of.size > 0 ? 'items-and-seeds' : 'items';
}

function labelOf(basis: IntervalBasis, { seeds }: Grid, split: EvaluationSplit | null): string {
  const items = split === null ? 'items' : `${split} items`;
  const count = countOf(seeds.length, 'seed');
  switch (basis) {
    case 'none':
      return 'Scores without intervals: there are no items or seeds to compute them from.';
    case 'items':
      return `95% intervals over ${items}, conditional on these trained models: one seed does not show the variance between training runs.`;
    case 'seeds':
      return `95% intervals over ${count}, conditional on these ${items}: seed variance pooled over the cells of a budget, Student’s t. The number of items is unknown.`;
    case 'items-and-seeds':
      return `95% intervals over ${items} and ${count}: seed variance pooled over the cells of a budget, Student's t.`;
  }
}

function seedDeviations(inference: Inference): { budget: number; deviation: number }[] {
  const pools = inference.pools('score');
  const outliers = new Set(pools.outliers.map((measure) => measure.unit.key));
  const found = new Map<number, number>();
  for (const group of inference.grid.groups) {
    const pool = pools.of.get(group.key);
    if (pool !== undefined && !outliers.has(group.key))
      found.set(group.budget, Math.sqrt(seedVariance(pool)));
  }
  return [...found].map(([budget, deviation]) => ({ budget, deviation }));
}

function describeFailedCell({ cell, ...reason }: FailedCell): SweepAnalysis['failedCells'][number] {
  const { id, budget, sftFraction, seed } = cell;
  return { cellId: id, budget, sftFraction, seed, ...reason };
}

function describeFailedControls({
  cells,
  failedCells,
  failedControls,
}: SweepResult): FailedControlAnalysis[] {
  const places = new Map([...cells, ...failedCells].map(({ cell }) => [cell.id, cell]));
  return failedControls.flatMap(({ of, stages: _, ...failed }) => {
    const cell = places.get(of);
    if (cell === undefined) return [];
    const { budget, sftFraction, seed } = cell;
    return [{ ...failed, budget, sftFraction, seed }];
  });
}

function noteSeeds(inference: Inference): string[] {
  const uneven = inference.grid.groups.filter((group) => group.runs.length < inference.grid.seeds.length);
  const outliers = inference
    .pools('score')
    .outliers.map(
      ({ unit, byRun }) =>
        `${unit.key} varies significantly more between seeds than the rest (${joinNumbers(byRun.map((score) => Number(score.toFixed(3))))}), so its seed variance is not pooled.`,
    );
  const missing = uneven.map(
    (group) =>
      `SFT share ${group.sftFraction} at ${sayBudget(group.budget, inference.grid.unit)} has ${countOf(group.runs.length, 'seed')} of ${inference.grid.seeds.length}.`,
  );
  return [...missing, ...outliers];
}

/**
 * Analyses the cells of one task and base model: the best split of each budget with its uncertainty, cold start, ablations,
 * and a verdict on each of the study's claims. Pure: the same input returns the same analysis, whatever the order of
 * cells and items.
 */
export function analyzeSubject(input: AnalyzeSubjectInput): SubjectAnalysis {
  const {
    subject,
    rules,
    priceRatio,
    failedCells,
    failedControls = [],
    baseFailure,
    learningRates: rates,
    items,
    split = null,
    tests = [],
    fewShot = 0,
    auxiliary = [],
    resamples = defaultResamples,
  } = input;
  const grid = buildGrid(input, items);
  const inference = createInference(grid, resamples);
  const basis = basisOf(inference);
  const { equivalenceMargin } = rules;
  const { cells, budgets } = analyzeBudgets(inference, { failedCells, split, tests });
  const incomplete = budgets.filter(({ missing }) => missing.length > 0).map(({ budget }) => budget);
  const isBuiltIn = rules.pipeline === undefined;
  const answered = {
    version: 1 as const,
    unit: grid.unit,
    ...subject,
    seeds: grid.seeds,
    split,
    items: grid.items,
    intervals: {
      level: 0.95 as const,
      basis,
      label: labelOf(basis, grid, split),
      seedDeviations: seedDeviations(inference),
    },
    equivalenceMargin,
    base: grid.base && { score: inference.score(grid.base), style: measureStyle(inference, grid.base) },
    baseFailure,
    cells,
    budgets,
    tests,
    transfers: transferBetweenBudgets(budgets),
    coldStart: diagnoseColdStart(inference, equivalenceMargin),
    stagnation: diagnoseStagnation(inference, equivalenceMargin),
    findings: findFurther(inference, incomplete, rules),
    gains: measureGains(inference),
    frontier: findFrontier(inference),
    prices: analyzePrices(inference, priceRatio),
    pairEffects: isBuiltIn ? measurePairEffects(inference, equivalenceMargin) : [],
    controls: analyzeControls(inference, { margin: equivalenceMargin, rates }),
    candidates: analyzeCandidates(inference, budgets, { margin: equivalenceMargin, tests, fewShot }),
    furtherControls: analyzeFurtherControls(inference, equivalenceMargin),
    tuning: analyzeTuning(inference),
    failedControls,
    auxiliary,
    verdicts: judgeClaims({ inference, rules, priceRatio }, failedCells),
    failedCells,
    notes: [...grid.notes, ...noteSeeds(inference)],
  };
  return { ...answered, answer: writeAnswer(answered, rules) };
}

/** Analyses one sweep. Failed cells are listed; the rest is analysed without them. */
export function analyzeSweep(input: AnalyzeSweepInput): SweepAnalysis {
  const { result, definition, axes, items, chosenLogRatios, priceRatio, resamples } = input;
  const { testItems = new Map(), auxiliaryItems = new Map() } = input;
  const { base, baseFailure, cells, controls, failedCells, sweepId } = result;
  const { task, model, annotator, budgetUnit: unit = 'rows', equivalenceMargin, evaluation } = definition;
  const [scored] = [...(base === null ? [] : [base]), ...cells.map((cell) => cell.evaluation)];
  const names = (evaluation.auxiliary ?? []).map(nameOfAuxiliary);
  const analysis = analyzeSubject({
    subject: {
      task,
      model,
      annotator,
      metric: scored?.metric ?? 'score',
      axes,
    },
    rules: definition,
    priceRatio,
    auxiliary: analyzeAuxiliary({
      result,
      names,
      items: auxiliaryItems,
      unit,
      margin: equivalenceMargin,
      resamples: resamples ?? defaultResamples,
    }),
    unit,
    base,
    cells: cells.map((cell) => ({ ...cell, chosenLogRatio: chosenLogRatios?.get(cell.cell.id) ?? null })),
    controls,
    failedCells: failedCells.map(describeFailedCell),
    failedControls: describeFailedControls(result),
    baseFailure,
    learningRates: { sft: definition.sft.learningRate, preference: definition.preference.learningRate },
    items,
    split: splitOf(definition),
    tests: analyzeTests(result, { unit, items: testItems }),
    fewShot: numFewShotOf(definition),
    resamples,
  });
  const notes = [...analysis.notes, ...describeFailedTests(result)];
  return { ...analysis, notes, sweepId };
}
