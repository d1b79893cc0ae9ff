import { z } from 'zod';
import { analyzeTable, type ScoreRow, type TableRules } from '../../analysis';
import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import { BudgetlineError } from '../../core/failures';
import { splitBudget } from '../../planning';
import { fraction } from '../../schemas/scalars';

const known = <T>(schema: z.ZodType<T>) => schema.nullable().optional();

const resultRow = z.strictObject({
  task: z.string().min(1),
  model: z.string().min(1),
  /** Values of further axes, by name. A base model without an axis holds for all of its values. */
  axes: z.record(z.string(), z.string()).optional(),
  /** Rows; 0 for the base model. */
  budget: z.int().nonnegative(),
  /** Fraction of the rows that are demonstrations, 0 to 1; 0 for the base model. */
  sftFraction: fraction,
  /** Default: 0. */
  seed: z.int().nonnegative().optional(),
  /** Mean score over the test items, 0 to 1. */
  score: fraction,
  /** Number of test items. */
  items: known(z.int().positive()),
  /** Fraction of well-formed answers, 0 to 1. */
  wellFormedRate: known(fraction),
  /** Mean length of an answer in tokens. */
  meanTokens: known(z.number().nonnegative()),
  /** Fraction of word 4-grams that occur earlier in the answer, 0 to 1. */
  repetitionRate: known(fraction),
});

/** One score from any source: of a cell with one seed, or of a base model. Unknown values are null or left out. */
export type ResultRow = Readonly<z.infer<typeof resultRow>>;

/**
 * Rules of {@link analyzeResults}. Defaults: those of a sweep; equivalence margin 0.02; $0.001 for a demonstration and
 * for a pair.
 */
export type ResultRules = Partial<TableRules>;

const defaultRules: TableRules = {
  equivalenceMargin: 0.02,
  prices: { sftExample: 0.001, preferencePair: 0.001 },
};

function invalid(index: number, reason: string): BudgetlineError {
  return new BudgetlineError('DATA_INVALID', `rows[${index}]${reason}.`, { details: { row: index } });
}

function checkRow(row: unknown, index: number): ResultRow {
  const parsed = resultRow.safeParse(row);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw invalid(index, `${field === '' ? '' : `.${field}`}: ${issue?.message ?? 'cannot be used'}`);
}

/** Two scores of one cell and seed contradict each other. */
function checkRepeats(rows: readonly ResultRow[]): void {
  const seen = new Map<string, number>();
  for (const [index, { task, model, axes = {}, budget, sftFraction, seed = 0 }] of rows.entries()) {
    if (budget === 0) continue;
    const key = JSON.stringify([task, model, Object.entries(axes).sort(), budget, sftFraction, seed]);
    const first = seen.get(key);
    if (first !== undefined) throw invalid(index, ` is the same cell as rows[${first}]`);
    seen.set(key, index);
  }
}

function toScore(row: ResultRow): ScoreRow {
  const { task, model, axes, budget, sftFraction, seed = 0, score, items } = row;
  const { wellFormedRate = null, meanTokens = null, repetitionRate = null } = row;
  return {
    task,
    model,
    budget,
    sftFraction,
    seed,
    axes,
    ...(budget === 0 ? { sftRows: 0, pairRows: 0 } : splitBudget(budget, sftFraction)),
    summary: {
      items: items ?? 0,
      score,
      wellFormedRate,
      meanTokens,
      repetitionRate,
      truncatedRate: null,
      noEosRate: null,
    },
  };
}

/**
 * Analyses scores from any source: the best split of each budget with its interval, diagnoses, verdicts on the published
 * claims. Needs no server and no store. Without `seed` and `items` there are no intervals, so no claim is decided.
 *
 * @example
 * ```ts
 * const [analysis] = analyzeResults([
 *   { task: 'GSM8K', model: 'Llama 3.1 8B', budget: 1000, sftFraction: 1, score: 0.48, items: 1319 },
 *   { task: 'GSM8K', model: 'Llama 3.1 8B', budget: 1000, sftFraction: 0.5, score: 0.52, items: 1319 },
 * ]);
 * console.log(analysis?.budgets[0]?.sftFraction, analysis?.answer);
 * ```
 *
 * @returns one analysis for each task, model and combination of axis values, in order of first appearance
 * @throws BudgetlineError DATA_INVALID with the row and the field
 */
export function analyzeResults(rows: readonly ResultRow[], rules: ResultRules = {}): SubjectAnalysis[] {
  const checked = rows.map(checkRow);
  checkRepeats(checked);
  return analyzeTable(checked.map(toScore), { ...defaultRules, ...rules });
}
