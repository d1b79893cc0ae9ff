import type { BudgetUnit } from '../../schemas/definition';
import type { TopLevelSpec } from 'vega-lite';
import { formatFraction, formatScore } from '../format';
import type { Chart, ChartSize } from './render';
import { inkColour, mutedColour, seriesColour, seriesDash, seriesShape } from './theme';

/** A score at one budget and SFT share, over all seeds, with its interval. */
export interface ScorePoint {
  readonly budget: number;
  readonly fraction: number;
  readonly score: number;
  readonly low: number;
  readonly high: number;
  /** Best of its budget. */
  readonly best: boolean;
  /** Within 5% of the best score of its budget. */
  readonly near: boolean;
}

export interface ScoreByBudgetData {
  readonly metric: string;
  readonly unit: BudgetUnit;
  readonly points: readonly ScorePoint[];
  /** Null: unknown, and no line is drawn. */
  readonly baseScore: number | null;
}

const fractionName = (fraction: number): string => `SFT share ${formatFraction(fraction)}`;

/** Distinct SFT shares in descending order, as in every legend and table. */
export function orderedFractions(points: readonly { readonly fraction: number }[]): number[] {
  return [...new Set(points.map(({ fraction }) => fraction))].sort((a, b) => b - a);
}

export function orderedBudgets(points: readonly { readonly budget: number }[]): number[] {
  return [...new Set(points.map(({ budget }) => budget))].sort((a, b) => a - b);
}

/** Offsets each series from its budget, so that intervals do not overlap. */
function offset(budget: number, index: number, series: number): number {
  return budget * (1 + 0.04 * (index - (series - 1) / 2));
}

function describeScores({ points, metric, baseScore }: ScoreByBudgetData): string {
  const budgets = orderedBudgets(points).map((budget) => {
    const here = points.filter((point) => point.budget === budget).sort((a, b) => b.fraction - a.fraction);
    const scores = here.map(({ fraction, score }) => `${fractionName(fraction)} ${formatScore(score)}`);
    return `Budget ${budget.toString()}: ${scores.join(', ')}.`;
  });
  const base = baseScore === null ? '' : ` The base model has ${formatScore(baseScore)}.`;
  return `${metric} by budget, a line for each SFT share, with intervals. ${budgets.join(' ')}${base}`;
}

/** Title of the budget axis. */
export const budgetTitle = (unit: BudgetUnit): string =>
  `Annotation budget (${unit === 'usd' ? 'US dollars' : 'examples'})`;

function budgetAxis(budgets: readonly number[], unit: BudgetUnit): object {
  const smallest = budgets[0] ?? 1;
  const largest = budgets.at(-1) ?? 1;
  return {
    field: 'x',
    type: 'quantitative',
    title: budgetTitle(unit).replace(')', ', log scale)'),
    scale: { type: 'log', domain: [smallest * 0.75, largest * 1.35], nice: false },
    axis: { values: [...budgets], format: unit === 'usd' ? '$~r' : ',d', grid: false },
  };
}

function seriesScales(fractions: readonly number[], size: ChartSize): object {
  const domain = fractions.map(formatFraction);
  const legend =
    size === 'wide'
      ? { title: 'SFT share' }
      : { title: 'SFT share', orient: 'bottom', columns: 3, columnPadding: 14 };
  const encode = (range: unknown[]): object => ({
    field: 'series',
    type: 'nominal',
    scale: { domain, range },
    sort: null,
    legend,
  });
  return {
    color: encode(fractions.map((_, index) => seriesColour(index))),
    shape: encode(fractions.map((_, index) => seriesShape(index))),
  };
}

/** The line and the intervals of one SFT share. Their colour is set, not encoded: only the points make the legend. */
function seriesLayer(options: { fraction: number; index: number; x: object; y: object }): object {
  const { fraction, index, x, y } = options;
  const stroke = seriesColour(index);
  return {
    transform: [{ filter: { field: 'series', equal: formatFraction(fraction) } }],
    layer: [
      {
        mark: { type: 'line', stroke, strokeDash: seriesDash(index), strokeWidth: 1.8 },
        encoding: { x, y: { field: 'score', ...y } },
      },
      {
        mark: { type: 'rule', stroke, strokeWidth: 1.6 },
        encoding: { x, y: { field: 'low', ...y }, y2: { field: 'high' } },
      },
    ],
  };
}

function baseLine(base: number, y: object): object {
  return {
    data: { values: [{ base }] },
    mark: { type: 'rule', strokeDash: [2, 4], stroke: mutedColour, strokeWidth: 1.5 },
    encoding: { y: { field: 'base', ...y } },
  };
}

/** Score against budget, a line for each SFT share, intervals as bars, the base model as a dotted line. */
export function scoreByBudget(data: ScoreByBudgetData): Chart {
  const fractions = orderedFractions(data.points);
  const values = data.points.map((point) => {
    const index = fractions.indexOf(point.fraction);
    return {
      ...point,
      series: formatFraction(point.fraction),
      x: offset(point.budget, index, fractions.length),
    };
  });
  const spec = (size: ChartSize): TopLevelSpec => {
    const { color, shape } = seriesScales(fractions, size) as { color: object; shape: object };
    const x = budgetAxis(orderedBudgets(data.points), data.unit);
    const y = {
      type: 'quantitative',
      title: data.metric,
      scale: { domain: [0, 1] },
      axis: { format: '.1f' },
    };
    return {
      width: size === 'wide' ? 730 : 290,
      height: size === 'wide' ? 380 : 320,
      data: { values },
      layer: [
        ...(data.baseScore === null ? [] : [baseLine(data.baseScore, y)]),
        ...fractions.map((fraction, index) => seriesLayer({ fraction, index, x, y })),
        {
          mark: { type: 'point', filled: true, size: 80, opacity: 1 },
          encoding: { x, y: { field: 'score', ...y }, color, shape },
        },
        {
          transform: [{ filter: 'datum.best' }],
          mark: {
            type: 'point',
            filled: false,
            size: 260,
            shape: 'circle',
            stroke: inkColour,
            strokeWidth: 1.4,
          },
          encoding: { x, y: { field: 'score', ...y } },
        },
      ],
    } as TopLevelSpec;
  };
  return {
    name: 'score-by-budget',
    title: `${data.metric} by budget and SFT share`,
    description: describeScores(data),
    spec,
  };
}
