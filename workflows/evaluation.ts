import { besideFigures } from '../contracts/beside';
import type { BesideScore, BesideSummary, EvaluationSummary, TaskSummary } from '../contracts/results';
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
    formatRate: figure('formatRate'),
    ramblingRate: figure('ramblingRate'),
    noEosRate: figure('noEosRate'),
    meanTokens: figure('meanTokens'),
    repetitionRate: figure('repetitionRate'),
    scores: furtherScores(metrics),
  };
}

function summarizeBeside([name, metrics]: readonly [string, Figures]): BesideSummary {
  const figure = figureIn(metrics);
  const bounds = { scoreLow: figure('scoreLow'), scoreHigh: figure('scoreHigh') };
  return { name, ...summarizeTask(metrics), ...bounds };
}

/** An evaluate stage's figures by their names in results. */
export function summarizeEvaluation({ key, digest, metrics }: StageResult): EvaluationSummary {
  const beside = [...besideFigures(metrics)].map(summarizeBeside);
  return { key, digest, ...summarizeTask(metrics), ...(beside.length === 0 ? {} : { beside }) };
}

/** What of an evaluation a `progress` query tells of tasks beside. */
export function besideScores({ beside = [] }: Pick<EvaluationSummary, 'beside'>): {
  readonly beside?: readonly BesideScore[];
} {
  if (beside.length === 0) return {};
  const scores = beside.map(({ name, score, scoreLow, scoreHigh }) => ({ name, score, scoreLow, scoreHigh }));
  return { beside: scores };
}
