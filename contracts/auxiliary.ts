import type { Metrics, StageMetrics } from './metrics';

/** The name of an auxiliary task: in scores, charts and the folder of its items. */
export const nameOfAuxiliary = ({
  task,
  name = task,
}: {
  readonly task: string;
  readonly name?: string;
}): string => name;

/** An evaluation's score on one task, with its 95% interval over the items. */
export interface FoundScore {
  /** Name of the auxiliary task; null: the task that is tuned for. */
  readonly auxiliary: string | null;
  readonly items: number;
  readonly score: number;
  readonly low: number;
  readonly high: number;
}

function foundScore(auxiliary: string | null, metrics: Metrics): FoundScore[] {
  const { items, score, scoreLow: low, scoreHigh: high } = metrics;
  const isWhole = items !== undefined && score !== undefined && low !== undefined && high !== undefined;
  return isWhole ? [{ auxiliary, items, score, low, high }] : [];
}

/** An evaluation's scores: on the task that is tuned for, then on each auxiliary task; or on one auxiliary task alone. */
export function foundScores({ metrics, task, auxiliary = [] }: StageMetrics): FoundScore[] {
  return [
    ...foundScore(task ?? null, metrics),
    ...auxiliary.flatMap((one) => foundScore(one.name, one.metrics)),
  ];
}
