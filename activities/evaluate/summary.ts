import { meanInterval } from '../../analysis';
import type { ItemResult } from '../../schemas/rows';
import { BudgetlineError } from '../../core/failures';
import { wrongMetric } from '../../contracts/scores';
import type { Task } from '../../contracts/task';

/** How answers were generated. Two evaluations are comparable only if these settings are equal. */
export interface RecordedDecoding {
  readonly mode: 'greedy';
  readonly maxNewTokens: number;
  /** Longer prompts lose their oldest tokens. */
  readonly maxPromptTokens: number;
  /** Demonstrations before each question. */
  readonly fewShot: number;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function share(items: readonly ItemResult[], holds: (item: ItemResult) => boolean): number {
  return mean(items.map((item) => (holds(item) ? 1 : 0)));
}

/** @throws BudgetlineError TASK_FAULTY with task, metric and value, if a metric is not a finite number */
function summaryOf(task: Task, items: readonly ItemResult[]): Readonly<Record<string, number>> {
  const metrics = task.summarize?.(items) ?? {};
  const wrong = wrongMetric(metrics);
  if (wrong === undefined) return metrics;
  throw new BudgetlineError(
    'TASK_FAULTY',
    `"summarize" of task ${task.name} returns ${wrong.returned} for ${items.length} items. ${wrong.rule}`,
    { details: { task: task.name } },
  );
}

/** Means over the items, the score's 95% interval, and the style measures that diagnoses use. */
export function summarize(task: Task, items: readonly ItemResult[]) {
  const names = [...new Set(items.flatMap(({ scores }) => Object.keys(scores)))].sort();
  const scores = names.map((name) => [name, mean(items.map((item) => item.scores[name] ?? 0))] as const);
  const { low, high } = meanInterval(items.map(({ score }) => score));
  return {
    items: items.length,
    score: mean(items.map(({ score }) => score)),
    interval: { low: low ?? 0, high: high ?? 1 },
    wellFormedRate: share(items, ({ wellFormed }) => wellFormed),
    truncatedRate: share(items, ({ truncated }) => truncated),
    noEosRate: share(items, ({ finish }) => finish === 'length'),
    meanTokens: mean(items.map(({ tokens }) => tokens)),
    repetitionRate: mean(items.map(({ repetition }) => repetition)),
    scores: { ...Object.fromEntries(scores), ...summaryOf(task, items) },
  };
}
export type Summary = ReturnType<typeof summarize>;
