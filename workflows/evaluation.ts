import type { AuxiliaryMetrics, Metrics } from '../contracts/metrics';
import type { AuxiliaryScore, AuxiliarySummary, EvaluationSummary, TaskSummary } from '../contracts/results';
import type { StageResult } from '../contracts/stage';

function summarizeTask(metrics: Metrics, scores: Metrics): TaskSummary {
  const metric = (name: string): number => metrics[name] ?? 0;
  return {
    items: metric('items'),
    score: metric('score'),
    wellFormedRate: metric('wellFormedRate'),
    truncatedRate: metric('truncatedRate'),
    noEosRate: metric('noEosRate'),
    meanTokens: metric('meanTokens'),
    repetitionRate: metric('repetitionRate'),
    scores,
  };
}

function summarizeAuxiliary({ name, metrics, scores }: AuxiliaryMetrics): AuxiliarySummary {
  const { scoreLow = 0, scoreHigh = 0 } = metrics;
  return { name, ...summarizeTask(metrics, scores), scoreLow, scoreHigh };
}

/** An evaluate stage's metrics by their names in results. */
export function summarizeEvaluation({
  key,
  digest,
  metrics,
  scores = {},
  auxiliary,
}: StageResult): EvaluationSummary {
  return {
    ...{ key, digest, ...summarizeTask(metrics, scores) },
    ...(auxiliary && { auxiliary: auxiliary.map(summarizeAuxiliary) }),
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
