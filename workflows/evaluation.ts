import type { AuxiliaryMetrics } from '../contracts/metrics';
import type { AuxiliaryScore, AuxiliarySummary, EvaluationSummary, TaskSummary } from '../contracts/results';
import type { StageResult } from '../contracts/stage';

function summarizeTask({ metrics, metric, scores }: Omit<AuxiliaryMetrics, 'name'>): TaskSummary {
  const valueOf = (name: string): number => metrics[name] ?? 0;
  return {
    metric,
    items: valueOf('items'),
    score: valueOf('score'),
    wellFormedRate: valueOf('wellFormedRate'),
    truncatedRate: valueOf('truncatedRate'),
    noEosRate: valueOf('noEosRate'),
    meanTokens: valueOf('meanTokens'),
    repetitionRate: valueOf('repetitionRate'),
    scores,
  };
}

function summarizeAuxiliary({ name, ...task }: AuxiliaryMetrics): AuxiliarySummary {
  const { scoreLow = 0, scoreHigh = 0 } = task.metrics;
  return { name, ...summarizeTask(task), scoreLow, scoreHigh };
}

/** An evaluate stage's metrics by their names in results. */
export function summarizeEvaluation({
  key,
  digest,
  metrics,
  metric = 'score',
  scores = {},
  auxiliary,
}: StageResult): EvaluationSummary {
  return {
    key,
    digest,
    ...summarizeTask({ metrics, metric, scores }),
    auxiliary: auxiliary?.map(summarizeAuxiliary),
  };
}

/** Scores of auxiliary tasks, for the `progress` query. */
export function auxiliaryScores({ auxiliary = [] }: Pick<EvaluationSummary, 'auxiliary'>): {
  readonly auxiliary?: readonly AuxiliaryScore[];
} {
  if (auxiliary.length === 0) return {};
  const scores = auxiliary.map(({ name, score, scoreLow, scoreHigh }) => ({
    name,
    score,
    scoreLow,
    scoreHigh,
  }));
  return { auxiliary: scores };
}
