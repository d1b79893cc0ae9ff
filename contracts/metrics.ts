export type Metrics = Readonly<Record<string, number>>;

/**
 * Why a prompt's samples gave no row: all are empty; the gold answer is missing; no answer reaches the threshold; the scores of the best and the worst
 * differ by less than the margin; fewer than two different ones to label; the labels prefer neither; the annotator refused.
 */
export type SkipReason =
  | 'all-empty'
  | 'no-reference'
  | 'below-threshold'
  | 'below-margin'
  | 'too-few-candidates'
  | 'tie'
  | 'refusal';

/** How often each label was given to one row. */
export type LabelCounts = readonly number[];

/** Items whose rows were labelled alike: the counts of each of their rows, and the number of such items. */
export interface LabelPattern {
  readonly rows: readonly LabelCounts[];
  readonly times: number;
}

/** What an evaluation measured on an auxiliary task. */
export interface AuxiliaryMetrics {
  readonly name: string;
  /** Name of the score: `Task.metric`. */
  readonly metric: string;
  readonly metrics: Metrics;
  /** Further mean scores by name. */
  readonly scores: Metrics;
}

/** What a stage measured, small enough for a workflow's history. */
export interface StageMetrics {
  /** Numbers by name: rows, steps, final loss, score. */
  readonly metrics: Metrics;
  /** Evaluations only: name of the score, `Task.metric`. */
  readonly metric?: string;
  /** Evaluations only: further mean scores by name. */
  readonly scores?: Metrics;
  /** Evaluations of one auxiliary task alone: its name. */
  readonly task?: string;
  /** Evaluations only: the same on each auxiliary task. */
  readonly auxiliary?: readonly AuxiliaryMetrics[];
  /** Labels of items that were labelled more than once. */
  readonly labels?: readonly LabelPattern[];
  /** Sampled data only: prompts that gave no row, by reason. */
  readonly skipped?: Metrics;
}

const filled = <T>(list: readonly T[] | undefined) => (list?.length ? list : undefined);

/** What a stage measured, out of its manifest or result. Empty lists are left out. */
export function stageMetricsOf(stage: StageMetrics): StageMetrics {
  const { metrics, metric, scores, task, skipped } = stage;
  const [auxiliary, labels] = [filled(stage.auxiliary), filled(stage.labels)];
  return {
    metrics,
    metric,
    scores,
    task,
    auxiliary,
    labels,
    skipped,
  };
}

/** Sums by name. */
export function addMetrics(all: readonly Metrics[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const [name, value] of all.flatMap((metrics) => Object.entries(metrics)))
    sum[name] = (sum[name] ?? 0) + value;
  return sum;
}

/** The same patterns, each once. */
export function mergePatterns(patterns: readonly LabelPattern[]): LabelPattern[] {
  const merged = new Map<string, LabelPattern>();
  for (const { rows, times } of patterns) {
    const name = JSON.stringify(rows);
    merged.set(name, { rows, times: times + (merged.get(name)?.times ?? 0) });
  }
  return [...merged.values()];
}

/** Counts items by the labels of their rows. */
export const countPatterns = (items: readonly (readonly LabelCounts[])[]): LabelPattern[] =>
  mergePatterns(items.map((rows) => ({ rows, times: 1 })));

/** Number of pairs of labels on the same row, and of those that agree. */
export function countAlike(rows: readonly (readonly string[])[]) {
  const pairs = rows.flatMap((labels) =>
    labels.flatMap((label, at) => labels.slice(at + 1).map((other) => label === other)),
  );
  return { labelledAgain: pairs.length, labelledAlike: pairs.filter(Boolean).length };
}
