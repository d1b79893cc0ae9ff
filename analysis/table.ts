import type { SubjectAnalysis, SubjectName } from '../contracts/analysis/sweep';
import type { Prices } from '../schemas/definition';
import { analyzeSubject } from './analyze';
import type { CellInput, RunSummary } from './grid';
import { mean } from './moments';
import { subjectKey } from './subjects';

/**
 * One score of a table: a cell with one seed, or the base model (budget 0). Places on axes are separate, as tasks and
 * models are.
 */
export interface ScoreRow extends SubjectName {
  /** Rows. 0: the base model. */
  readonly budget: number;
  readonly sftFraction: number;
  readonly sftRows: number;
  readonly pairRows: number;
  readonly seed: number;
  readonly summary: RunSummary;
}

export interface TableRules {
  readonly equivalenceMargin: number;
  readonly smallBudgetMax?: number;
  readonly largeBudgetMin?: number;
  readonly prices: Pick<Prices, 'sftExample' | 'preferencePair'>;
}

/** Below 1,000 examples, as in the study; the smallest budget if that does not divide them. */
function lowLimit(budgets: readonly number[]): number {
  const low = budgets.filter((budget) => budget < 1000);
  return low.length > 0 && low.length < budgets.length ? Math.max(...low) : Math.min(...budgets);
}

/** 10,000 and more; the largest budget if that does not divide them. */
function largeLimit(budgets: readonly number[]): number {
  const large = budgets.filter((budget) => budget >= 10_000);
  return large.length > 0 && large.length < budgets.length ? Math.min(...large) : Math.max(...budgets);
}

function toCell(row: ScoreRow, { prices }: TableRules): CellInput {
  const { sftRows, pairRows, budget, sftFraction, seed } = row;
  return {
    cell: { id: `${budget}/${sftFraction}/seed ${seed}`, budget, sftFraction, seed, sftRows, pairRows },
    evaluation: row.summary,
    annotationUsd: sftRows * prices.sftExample + pairRows * prices.preferencePair,
  };
}

function meanOf(
  summaries: readonly RunSummary[],
  metric: Exclude<keyof RunSummary, 'items' | 'score'>,
): number | null {
  const values = summaries.map((summary) => summary[metric]).filter((value) => value !== null);
  return values.length < summaries.length ? null : mean(values);
}

/** The base model has no seeds: its rows are averaged. */
function mergeBase(rows: readonly ScoreRow[]): RunSummary | null {
  const summaries = rows.map(({ summary }) => summary);
  if (summaries.length === 0) return null;
  return {
    items: Math.min(...summaries.map(({ items }) => items)),
    score: mean(summaries.map(({ score }) => score)),
    wellFormedRate: meanOf(summaries, 'wellFormedRate'),
    truncatedRate: meanOf(summaries, 'truncatedRate'),
    noEosRate: meanOf(summaries, 'noEosRate'),
    meanTokens: meanOf(summaries, 'meanTokens'),
    repetitionRate: meanOf(summaries, 'repetitionRate'),
  };
}

/** A base model without a value on an axis is the same at all places on it. */
function isBaseOf(row: ScoreRow, { task, model, axes = {} }: SubjectName): boolean {
  const sameModel = row.budget === 0 && row.task === task && row.model === model;
  return sameModel && Object.entries(row.axes ?? {}).every(([axis, label]) => axes[axis] === label);
}

function analyzeCells(
  cells: readonly ScoreRow[],
  bases: readonly ScoreRow[],
  rules: TableRules,
): SubjectAnalysis {
  const { task, model, axes } = cells[0]!;
  const budgets = [...new Set(cells.map(({ budget }) => budget))].sort((a, b) => a - b);
  const {
    equivalenceMargin,
    smallBudgetMax = lowLimit(budgets),
    largeBudgetMin = largeLimit(budgets),
    prices: { sftExample, preferencePair },
  } = rules;
  return analyzeSubject({
    subject: { task, model, annotator: null, metric: 'score', axes },
    rules: { equivalenceMargin, budgets, smallBudgetMax, largeBudgetMin },
    priceRatio: sftExample > 0 && preferencePair > 0 ? { own: sftExample / preferencePair } : undefined,
    base: mergeBase(bases.filter((row) => isBaseOf(row, cells[0]!))),
    cells: cells.map((row) => toCell(row, rules)),
    controls: [],
    failedCells: [],
    items: null,
  });
}

/**
 * Analyses a table of scores, each task, model and place on the axes by itself, in order of first occurrence. Without item
 * rows nothing is paired: intervals are wider than those of a sweep.
 */
export function analyzeTable(rows: readonly ScoreRow[], rules: TableRules): SubjectAnalysis[] {
  const bases = rows.filter(({ budget }) => budget === 0);
  const subjects = new Map<string, ScoreRow[]>();
  for (const row of rows) {
    if (row.budget === 0) continue;
    const key = subjectKey(row);
    const cells = subjects.get(key);
    if (cells === undefined) subjects.set(key, [row]);
    else cells.push(row);
  }
  return [...subjects.values()].map((cells) => analyzeCells(cells, bases, rules));
}
