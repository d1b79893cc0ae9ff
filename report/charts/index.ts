import type { ControlAnalysis, PairEffect } from '../../contracts/analysis/controls';
import type { Estimate } from '../../contracts/analysis/estimate';
import type { PriceSensitivity } from '../../contracts/analysis/money';
import type { BudgetAnalysis, CellAnalysis } from '../../contracts/analysis/splits';
import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import { formatBudget, formatFraction } from '../format';
import type { Chapter, TrainingEvidence } from '../input';
import { coldStartRates, type AnsweringRates } from './cold-start';
import { contrast, type ContrastRow } from './contrast';
import { costFrontier, type CostPoint } from './frontier';
import { heatMap } from './heat-map';
import { priceSensitivity } from './prices';
import type { Chart } from './render';
import { orderedFractions, scoreByBudget, type ScorePoint } from './score-by-budget';
import { trainingCharts } from './training';

/** A score with bounds to draw. Without an interval the bar has no length. */
function drawable({ estimate, low, high }: Estimate): { score: number; low: number; high: number } {
  return { score: estimate, low: low ?? estimate, high: high ?? estimate };
}

/** Whether an SFT share is within 5% of the best of its budget, as far as that is known. */
function isNear(budgets: readonly BudgetAnalysis[], budget: number, sftFraction: number): boolean {
  const here = budgets.find((one) => one.budget === budget && one.noWinner !== 'missing-split');
  return here?.regions[0]?.fractions.includes(sftFraction) ?? false;
}

function scorePoints({ cells, budgets }: SubjectAnalysis): ScorePoint[] {
  return cells.map(({ budget, sftFraction, score }) => ({
    budget,
    fraction: sftFraction,
    ...drawable(score),
    best: budgets.some(
      (one) => one.noWinner === null && one.budget === budget && one.sftFraction === sftFraction,
    ),
    near: isNear(budgets, budget, sftFraction),
  }));
}

function ratesOf(name: string, { score, style }: Pick<CellAnalysis, 'score' | 'style'>): AnsweringRates {
  const { wellFormedRate, truncatedRate, noEosRate } = style;
  return { name, score: score.estimate, wellFormedRate, truncatedRate, noEosRate };
}

/** Base, SFT share 0, warm start and pure SFT at the largest budget that ran both SFT share 0 and a warm start. */
export function coldStartModels(analysis: SubjectAnalysis): AnsweringRates[] {
  const diagnosis = analysis.coldStart.at(-1);
  if (diagnosis === undefined) return [];
  const here = analysis.cells.filter(({ budget }) => budget === diagnosis.budget);
  const named: [number, string][] = [
    [0, 'SFT share 0 (no SFT)'],
    [diagnosis.warmFraction, `SFT share ${formatFraction(diagnosis.warmFraction)} (warm start)`],
  ];
  if (diagnosis.warmFraction !== 1) named.push([1, 'SFT share 1 (SFT alone)']);
  const cells = named.flatMap(([fraction, name]) =>
    here.filter(({ sftFraction }) => sftFraction === fraction).map((cell) => ratesOf(name, cell)),
  );
  const base = analysis.base === null ? [] : [ratesOf('base model', analysis.base)];
  return [...base, ...cells];
}

const controlNames: Readonly<Record<ControlAnalysis['kind'], string>> = {
  'sft-on-chosen': 'SFT, then SFT on chosen',
  'rejection-sampling': 'SFT, then SFT on rejection samples',
};

/** A mixture, its warm start, its controls and pure SFT. */
function rowsAt({ analysis, loss }: Chapter, controls: readonly ControlAnalysis[]): ContrastRow[] {
  const [{ budget, sftFraction, mixture }] = controls as [ControlAnalysis];
  const place = formatBudget(budget, analysis.unit);
  const at = `${place}, SFT share ${formatFraction(sftFraction)}`;
  const pure = analysis.cells.filter((cell) => cell.budget === budget && cell.sftFraction === 1);
  const isHere = (one: PairEffect): boolean => one.budget === budget && one.sftFraction === sftFraction;
  const tuning = loss === undefined ? 'preference tuning' : loss.title;
  return [
    { label: `${at}: SFT, then ${tuning} on pairs`, kind: 'mixture', ...drawable(mixture) },
    ...analysis.pairEffects.filter(isHere).map(({ warmStart }) => ({
      label: `${at}: SFT alone, its warm start`,
      kind: 'warm start',
      ...drawable(warmStart),
    })),
    ...controls.map(({ kind, control }) => ({
      label: `${at}: ${controlNames[kind]}`,
      kind: 'control',
      ...drawable(control),
    })),
    ...pure.map(({ score }) => ({
      label: `${place}, SFT share 1: SFT alone`,
      kind: 'pure SFT',
      ...drawable(score),
    })),
  ];
}

function controlRows(chapter: Chapter): ContrastRow[] {
  const { analysis } = chapter;
  const budgets = new Set(analysis.controls.map(({ budget }) => budget));
  return [...budgets].flatMap((budget) =>
    rowsAt(
      chapter,
      analysis.controls.filter((control) => control.budget === budget),
    ),
  );
}

/** The charts of a report by section. Charts without data are left out. */
export interface ReportCharts {
  readonly scores: readonly Chart[];
  readonly money: readonly Chart[];
  readonly coldStart: readonly Chart[];
  readonly control: readonly Chart[];
  readonly training: readonly Chart[];
}

function scoreCharts({ analysis, metric }: Chapter): Chart[] {
  const points = scorePoints(analysis);
  if (points.length === 0) return [];
  const baseScore = analysis.base?.score.estimate ?? null;
  const { unit } = analysis;
  return [scoreByBudget({ metric, unit, points, baseScore }), heatMap({ metric, unit, points })];
}

function costPoints({ cells, frontier }: SubjectAnalysis): CostPoint[] {
  return cells
    .filter(({ annotationUsd }) => annotationUsd > 0)
    .map(({ budget, sftFraction, annotationUsd, score }) => ({
      budget,
      fraction: sftFraction,
      usd: annotationUsd,
      score: score.estimate,
      frontier: frontier.some((one) => one.budget === budget && one.sftFraction === sftFraction),
    }));
}

/** The amount of money with the most measured scores; on ties the larger. */
function bestMeasured(prices: readonly PriceSensitivity[]): PriceSensitivity | undefined {
  const measured = ({ curve }: PriceSensitivity): number =>
    curve.reduce((sum, { scores }) => sum + scores.length, 0);
  return [...prices].sort((a, b) => measured(b) - measured(a) || b.money - a.money)[0];
}

function moneyCharts({ analysis, metric }: Chapter): Chart[] {
  const points = costPoints(analysis);
  const prices = bestMeasured(analysis.prices);
  const fractions = orderedFractions(scorePoints(analysis));
  return [
    ...(points.length === 0 ? [] : [costFrontier({ points, metric, unit: analysis.unit })]),
    ...(prices === undefined ? [] : [priceSensitivity({ metric, fractions, prices })]),
  ];
}

function controlCharts(chapter: Chapter): Chart[] {
  const { metric } = chapter;
  const rows = controlRows(chapter);
  if (rows.length === 0) return [];
  return [
    contrast({ name: 'control', title: 'The best mixture of each budget and its controls', metric, rows }),
  ];
}

/** All charts, in the order of their sections. */
export function listCharts({ scores, money, coldStart, control, training }: ReportCharts): Chart[] {
  return [...scores, ...money, ...coldStart, ...control, ...training];
}

/** Plans the charts that a chapter has data for. Their names begin with the chapter's prefix. */
export function planCharts(chapter: Chapter, training: readonly TrainingEvidence[]): ReportCharts {
  const { analysis, prefix, loss } = chapter;
  const models = coldStartModels(analysis).filter(({ wellFormedRate }) => wellFormedRate !== null);
  const fractions = orderedFractions(scorePoints(analysis));
  const named = (charts: readonly Chart[]): Chart[] =>
    charts.map((chart) => ({ ...chart, name: prefix + chart.name }));
  return {
    scores: named(scoreCharts(chapter)),
    money: named(moneyCharts(chapter)),
    coldStart: named(models.length === 0 ? [] : [coldStartRates(models)]),
    control: named(controlCharts(chapter)),
    training: named(loss === undefined ? [] : trainingCharts({ training, fractions, loss })),
  };
}
