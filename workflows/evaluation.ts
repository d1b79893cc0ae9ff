import type { EvaluationSummary } from '../contracts/results';
import type { StageResult } from '../contracts/stage';

const prefix = 'scores.';

function furtherScores(metrics: StageResult['metrics']): Record<string, number> {
  const named = Object.entries(metrics).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(named.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** An evaluate stage's figures by their names in results. */
export function summarizeEvaluation({ key, digest, metrics }: StageResult): EvaluationSummary {
  const figure = (name: string): number => metrics[name] ?? 0;
  return {
    key,
    digest,
    items: figure('items'),
    score: figure('score'),
    formatRate: figure('formatRate'),
    ramblingRate: figure('ramblingRate'),
    noEosRate: figure('noEosRate'),
    meanTokens: figure('meanTokens'),
    repetitionRate: figure('repetitionRate'),
    scores: furtherScores(metrics),
  };
}
