import { addMetrics, type LabelPattern, mergePatterns, type Metrics } from './metrics';
import type { RowSource, StageResult } from './stage';

/** Checked and repeated labels of the rows of one source, or of all evaluations. */
export interface GatheredLabels {
  /** Null: verdicts of evaluations. */
  readonly source: RowSource | null;
  /** `checked`, `verifierMismatches`, `labelledAgain`, `labelledAlike`, and those of preference labels. */
  readonly counts: Metrics;
  readonly patterns: readonly LabelPattern[];
}

const counted: ReadonlySet<string> = new Set([
  'checked',
  'verifierMismatches',
  'labelledAgain',
  'labelledAlike',
  'labels',
  'labelTies',
  'labelRefusals',
  'labelUnreadable',
  'labelFirstShown',
  'orderCompared',
  'orderFlips',
]);

type LabelledStage = Pick<StageResult, 'makes' | 'metrics' | 'labels' | 'rowSource'>;

function labelsOf({ metrics, labels = [] }: LabelledStage, source: RowSource | null): GatheredLabels {
  const counts = Object.entries(metrics).filter(([name]) => counted.has(name));
  return { source, counts: Object.fromEntries(counts), patterns: labels };
}

const addLabels = (a: GatheredLabels, b: GatheredLabels): GatheredLabels => ({
  source: a.source,
  counts: addMetrics([a.counts, b.counts]),
  patterns: mergePatterns([...a.patterns, ...b.patterns]),
});

const nameOf = (source: RowSource | null): string => JSON.stringify(source && [source.what, source.from]);

/** Merges later labels into earlier ones: those of evaluations add up, a source's counts cover all its rows each time. */
export function mergeLabels(
  earlier: readonly GatheredLabels[],
  later: readonly GatheredLabels[],
): GatheredLabels[] {
  const merged = new Map(earlier.map((labels) => [nameOf(labels.source), labels]));
  for (const labels of later) {
    const name = nameOf(labels.source);
    const known = merged.get(name);
    merged.set(name, labels.source === null && known !== undefined ? addLabels(known, labels) : labels);
  }
  return [...merged.values()];
}

const rowsIn = ({ metrics }: LabelledStage): number => metrics['rows'] ?? 0;

/** The labels of each source, by its stage with the most rows. */
function labelsOfDatasets(stages: readonly LabelledStage[]): GatheredLabels[] {
  const largest = new Map<string, LabelledStage>();
  for (const stage of stages) {
    if (stage.rowSource === undefined) continue;
    const name = nameOf(stage.rowSource);
    const known = largest.get(name);
    if (known === undefined || rowsIn(stage) > rowsIn(known)) largest.set(name, stage);
  }
  return [...largest.values()].map((stage) => labelsOf(stage, stage.rowSource ?? null));
}

/**
 * Noise and agreement of labels, by the source of the rows. One stage speaks for its source: the counts of a file cover all
 * of it, and a larger budget includes the rows of a smaller one.
 *
 * @param stages each once, however many cells share it
 */
export function gatherLabels(stages: readonly LabelledStage[]): GatheredLabels[] {
  const judged = stages.filter(({ makes }) => makes === 'scores');
  const all = mergeLabels(
    labelsOfDatasets(stages),
    judged.map((stage) => labelsOf(stage, null)),
  );
  return all.filter(({ counts }) => Object.keys(counts).length > 0);
}
