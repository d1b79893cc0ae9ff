import { baseItemsKey, type SweepAnalysis } from '../contracts/analysis/sweep';
import type { CellResult, SweepResult } from '../contracts/results';
import { numberRepeats } from '../contracts/text';
import { rulesOf } from '../stages';
import { formatFraction } from './format';
import type { TrainingEvidence } from './input';
import { orderedCells } from './sections/order';

/** The artifacts that a report reads: training stages and evaluations, by key. */
export interface EvidencePlan {
  readonly training: readonly (Omit<TrainingEvidence, 'rows'> & {
    readonly stageKind: string;
    readonly stageKey: string;
  })[];
  readonly answers: readonly {
    readonly name: string;
    /** Key of the evaluate stage with the items.jsonl to read. */
    readonly evaluationKey: string;
    /** Key of the same items in the input of the analysis. */
    readonly itemsKey: string;
  }[];
}

const cellsShown = 5;

/** The cells of the largest budget, most SFT first, each of its first seed: charts show their training. */
function representativeCells(result: SweepResult): CellResult[] {
  const budget = Math.max(...result.cells.map(({ cell }) => cell.budget));
  const here = orderedCells(result).filter(({ cell }) => cell.budget === budget);
  const first = new Map([...here].reverse().map((each) => [each.cell.sftFraction, each]));
  return [...first.values()].sort((a, b) => b.cell.sftFraction - a.cell.sftFraction);
}

/** "SFT share 0.5", and its seed unless it is the first one. */
function nameOf({ cell: { sftFraction, seed } }: CellResult, { cells }: SweepResult): string {
  const first = Math.min(...cells.map(({ cell }) => cell.seed));
  return `SFT share ${formatFraction(sftFraction)}${seed === first ? '' : ` (seed ${seed})`}`;
}

/** A cell's training runs on these rows. A user's pipeline may have several. */
function trainingOf(
  result: SweepResult,
  each: CellResult,
  learnsFrom: TrainingEvidence['learnsFrom'],
): EvidencePlan['training'] {
  const stages = each.stages.filter(({ kind }) => rulesOf(kind)?.learnsFrom === learnsFrom);
  const names = numberRepeats(stages.map(({ title }) => `${nameOf(each, result)}: ${title}`));
  return stages.map(({ kind, key }, at) => ({
    learnsFrom,
    name: names[at]!,
    sftFraction: each.cell.sftFraction,
    stageKind: kind,
    stageKey: key,
  }));
}

/** The training stages of the first cells that have any. */
function curvesOf(
  result: SweepResult,
  cells: readonly CellResult[],
  learnsFrom: TrainingEvidence['learnsFrom'],
): EvidencePlan['training'] {
  const byCell = cells.map((each) => trainingOf(result, each, learnsFrom));
  return byCell
    .filter((stages) => stages.length > 0)
    .slice(0, cellsShown)
    .flat();
}

/**
 * Lists the artifacts for the charts and samples of a report: training stages of the largest budget; answers of the base
 * model, of SFT share 0, of the warm start and of pure SFT.
 */
export function planEvidence(result: SweepResult, analysis: SweepAnalysis): EvidencePlan {
  const base =
    result.base === null
      ? []
      : [{ name: 'Base model', evaluationKey: result.base.key, itemsKey: baseItemsKey }];
  if (result.cells.length === 0) return { training: [], answers: base };
  const cells = representativeCells(result);
  const training = (['demonstrations', 'pairs'] as const).flatMap((rows) => curvesOf(result, cells, rows));
  return { training, answers: [...base, ...answerCells(result, cells, analysis)] };
}

function answerCells(
  result: SweepResult,
  cells: readonly CellResult[],
  analysis: SweepAnalysis,
): EvidencePlan['answers'] {
  const budget = cells[0]?.cell.budget;
  const diagnosis = analysis.coldStart.find((one) => one.budget === budget);
  const best = analysis.budgets.find((one) => one.budget === budget && one.noWinner === null);
  const roles: [number | undefined, string][] = [
    [0, 'preference tuning alone'],
    [diagnosis?.warmFraction, 'warm start'],
    [best?.sftFraction, 'best of this budget'],
    [1, 'SFT alone'],
  ];
  const wanted = new Map<number, string>();
  for (const [fraction, role] of roles)
    if (fraction !== undefined) wanted.set(fraction, wanted.get(fraction) ?? role);
  return [...wanted].flatMap(([fraction, role]) =>
    cells
      .filter(({ cell }) => cell.sftFraction === fraction)
      .map((each) => ({
        name: `${nameOf(each, result)}, ${role}`,
        evaluationKey: each.evaluation.key,
        itemsKey: each.cell.id,
      })),
  );
}
