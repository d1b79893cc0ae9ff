import { auxiliaryFigures } from '../contracts/auxiliary';
import type { AuxiliaryScore, AuxiliarySummary, EvaluationSummary, TaskSummary } from '../contracts/results';
import type { StageResult } from '../contracts/stage';

type Figures = StageResult['metrics'];

const prefix = 'scores.';

function furtherScores(metrics: Figures): Record<string, number> {
  const named = Object.entries(metrics).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(named.map(([name, value]) => [name.slice(prefix.length), value]));
}

const figureIn =
  (metrics: Figures) =>
  (name: string): number =>
    metrics[name] ?? 0;

function summarizeTask(metrics: Figures): TaskSummary {
  const figure = figureIn(metrics);
  return {
    items: figure('items'),
    score: figure('score'),
    wellFormedRate: figure('wellFormedRate'),
    truncatedRate: figure('truncatedRate'),
    noEosRate: figure('noEosRate'),
    meanTokens: figure('meanTokens'),
    repetitionRate: figure('repetitionRate'),
    scores: furtherScores(metrics),
  };
}

function summarizeAuxiliary([name, metrics]: readonly [string, Figures]): AuxiliarySummary {
  const figure = figureIn(metrics);
  const bounds = { scoreLow: figure('scoreLow'), scoreHigh: figure('scoreHigh') };
  return { name, ...summarizeTask(metrics), ...bounds };
}

/** An evaluate stage's figures by their names in results. */
export function summarizeEvaluation({ key, digest, metrics }: StageResult): EvaluationSummary {
  const auxiliary = [...auxiliaryFigures(metrics)].map(summarizeAuxiliary);
  return { key, digest, ...summarizeTask(metrics), ...(auxiliary.length === 0 ? {} : { auxiliary }) };
}

/** What of an evaluation a `progress` query tells of tasks beside. */
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
