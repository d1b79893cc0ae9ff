import type { StageResult } from '../contracts/stage';
import { formatCount } from './text';

/** How far labels can be trusted, as the stages that read them found. */
export interface LabelQuality {
  /** Whose labels: "demonstrations of a file", "evaluations". */
  readonly of: string;
  /** Rows that the task's own check was held against, and of these those that it contradicts. */
  readonly checked: number;
  readonly contradicted: number;
  /** Pairs of labels of the same answers, and of these those that are alike. */
  readonly compared: number;
  readonly alike: number;
}

function qualityOf(of: string, stages: readonly StageResult[]): LabelQuality {
  const total = (name: string): number => stages.reduce((sum, { metrics }) => sum + (metrics[name] ?? 0), 0);
  return {
    of,
    ...{ checked: total('checked'), contradicted: total('contradicted') },
    ...{ compared: total('labelledAgain'), alike: total('labelledAlike') },
  };
}

/** A file's figures are of the whole of it, whichever rows a stage took: one stage tells for all. */
function filesOf(stages: readonly StageResult[]): LabelQuality[] {
  const bought = stages.filter(({ kind }) => kind === 'synthesizeData');
  const byFile = new Map(bought.map((stage) => [stage.title.replace(/^\d+ /, ''), stage]));
  return [...byFile].map(([of, stage]) => qualityOf(of, [stage]));
}

/**
 * Noise and agreement of labels where there is something to hold them against: the task's own check, or other labels of
 * the same answers.
 *
 * @param stages each once, however many cells share it
 */
export function labelQuality(stages: readonly StageResult[]): LabelQuality[] {
  const judged = stages.filter(({ kind }) => kind === 'evaluate');
  const all = [...filesOf(stages), qualityOf('evaluations', judged)];
  return all.filter(({ checked, compared }) => checked > 0 || compared > 0);
}

/** "9 of 12 labels given again are alike; the task's check contradicts 1 of 6 rows" */
export function describeLabels({ checked, contradicted, compared, alike }: LabelQuality): string {
  const again = `${formatCount(alike)} of ${formatCount(compared)} labels given again are alike`;
  const noise = `the task’s check contradicts ${formatCount(contradicted)} of ${formatCount(checked)} rows`;
  return [...(compared > 0 ? [again] : []), ...(checked > 0 ? [noise] : [])].join('; ');
}
