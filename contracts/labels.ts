import type { StageResult } from './stage';

/** How often each label was given to one row. */
export type LabelCounts = readonly number[];

/** Items whose rows were labelled alike: the counts of each of their rows, and how many such items there are. */
export interface LabelPattern {
  readonly rows: readonly LabelCounts[];
  readonly times: number;
}

type Figures = Readonly<Record<string, number>>;

/** What stages tell of labels of one sort. */
export interface GatheredLabels {
  /** Whose labels: "demonstrations of a file", "evaluations". */
  readonly of: string;
  readonly figures: Figures;
}

const patternPrefix = 'labels.';
const counted: ReadonlySet<string> = new Set(['checked', 'contradicted', 'labelledAgain', 'labelledAlike']);

/**
 * Labels as figures of a stage, small and additive: "labels.2-1+0-3" says how many items have two rows of which the one
 * was given the first label twice and the second once, the other the second label by all three.
 */
export function patternFigures(items: readonly (readonly LabelCounts[])[]): Record<string, number> {
  const figures: Record<string, number> = {};
  for (const rows of items) {
    const name = patternPrefix + rows.map((counts) => counts.join('-')).join('+');
    figures[name] = (figures[name] ?? 0) + 1;
  }
  return figures;
}

/** The same read back; what else is among the figures is passed over. */
export function readPatterns(figures: Figures): LabelPattern[] {
  const own = Object.entries(figures).filter(([name]) => name.startsWith(patternPrefix));
  return own.map(([name, times]) => {
    const rows = name.slice(patternPrefix.length).split('+');
    return { rows: rows.map((row) => row.split('-').map(Number)), times };
  });
}

/** Sums of figures by name. */
export function addFigures(all: readonly Figures[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const [name, value] of all.flatMap((figures) => Object.entries(figures)))
    sum[name] = (sum[name] ?? 0) + value;
  return sum;
}

function figuresOf({ metrics }: Pick<StageResult, 'metrics'>): Figures {
  const told = Object.entries(metrics).filter(
    ([name]) => counted.has(name) || name.startsWith(patternPrefix),
  );
  return Object.fromEntries(told);
}

const ofEvaluations = 'evaluations';

/** Later figures beside earlier ones: evaluations add up; what is told of a whole file or queue is told anew. */
export function mergeLabels(
  earlier: readonly GatheredLabels[],
  later: readonly GatheredLabels[],
): GatheredLabels[] {
  const merged = new Map(earlier.map(({ of, figures }) => [of, figures]));
  for (const { of, figures } of later)
    merged.set(of, of === ofEvaluations ? addFigures([merged.get(of) ?? {}, figures]) : figures);
  return [...merged].map(([of, figures]) => ({ of, figures }));
}

type TellingStage = Pick<StageResult, 'kind' | 'title' | 'metrics'>;

const rowsIn = ({ metrics }: TellingStage): number => metrics['rows'] ?? 0;

/** Of rows of one name, by their stages' titles without the count, the stage with the most. */
function largestByName(stages: readonly TellingStage[]): Map<string, TellingStage> {
  const largest = new Map<string, TellingStage>();
  for (const stage of stages) {
    const name = stage.title.replace(/^\d+ /, '');
    const known = largest.get(name);
    if (known === undefined || rowsIn(stage) > rowsIn(known)) largest.set(name, stage);
  }
  return largest;
}

/**
 * What stages tell of noise and agreement of labels. Of rows of one name one stage tells for all: a file's figures are of
 * the whole of it, and a larger budget holds the rows of a smaller one.
 *
 * @param stages each once, however many cells share it
 */
export function gatherLabels(stages: readonly TellingStage[]): GatheredLabels[] {
  const bought = largestByName(stages.filter(({ kind }) => kind === 'synthesizeData'));
  const judged = stages.filter(({ kind }) => kind === 'evaluate');
  const all = mergeLabels(
    [...bought].map(([of, stage]) => ({ of, figures: figuresOf(stage) })),
    judged.map((stage) => ({ of: ofEvaluations, figures: figuresOf(stage) })),
  );
  return all.filter(({ figures }) => Object.keys(figures).length > 0);
}
