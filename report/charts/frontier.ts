import type { TopLevelSpec } from 'vega-lite';
import type { BudgetUnit } from '../../schemas/definition';
import { formatBudget, formatFraction, formatScore, formatUsd } from '../format';
import type { Chart, ChartSize } from './render';
import { orderedFractions } from './score-by-budget';
import { inkColour, seriesColour, seriesShape } from './theme';

/** One cell by the cost of its rows. */
export interface CostPoint {
  readonly budget: number;
  readonly fraction: number;
  readonly usd: number;
  readonly score: number;
  /** No cheaper cell scores as high. */
  readonly frontier: boolean;
}

const fractionName = (fraction: number): string => `SFT share ${formatFraction(fraction)}`;

interface Frontier {
  readonly points: readonly CostPoint[];
  readonly metric: string;
  readonly unit: BudgetUnit;
}

function describeFrontier({ points, metric, unit }: Frontier): string {
  const steps = points
    .filter(({ frontier }) => frontier)
    .map(
      ({ usd, budget, fraction, score }) =>
        `${formatUsd(usd)} buys ${formatScore(score)} (${fractionName(fraction)} of ${formatBudget(budget, unit)})`,
    );
  return `${metric} by the price of the rows. On the frontier: ${steps.join('; ')}.`;
}

/** Every cell by cost and score; a stepped line joins the frontier. */
export function costFrontier(frontier: Frontier): Chart {
  const { points, metric } = frontier;
  const fractions = orderedFractions(points);
  const values = points.map((point) => ({ ...point, series: formatFraction(point.fraction) }));
  const x = {
    field: 'usd',
    type: 'quantitative',
    title: 'Price of the rows (US dollars, log scale)',
    scale: { type: 'log', nice: false },
    axis: { format: '$~g', grid: false, tickCount: 5 },
  };
  const y = {
    field: 'score',
    type: 'quantitative',
    title: metric,
    scale: { domain: [0, 1] },
    axis: { format: '.1f' },
  };
  const named = (range: unknown[], size: ChartSize): object => ({
    field: 'series',
    type: 'nominal',
    sort: null,
    scale: { domain: fractions.map(formatFraction), range },
    legend: { title: 'SFT share', ...(size === 'narrow' ? { orient: 'bottom', columns: 3 } : {}) },
  });
  const spec = (size: ChartSize): TopLevelSpec =>
    ({
      width: size === 'wide' ? 730 : 290,
      height: 320,
      data: { values },
      layer: [
        {
          transform: [{ filter: 'datum.frontier' }],
          mark: { type: 'line', interpolate: 'step-after', stroke: inkColour, strokeWidth: 1.6 },
          encoding: { x, y },
        },
        {
          mark: { type: 'point', filled: true, size: 80, opacity: 1 },
          encoding: {
            x,
            y,
            color: named(
              fractions.map((_, index) => seriesColour(index)),
              size,
            ),
            shape: named(
              fractions.map((_, index) => seriesShape(index)),
              size,
            ),
          },
        },
      ],
    }) as TopLevelSpec;
  return {
    name: 'cost-frontier',
    title: `${metric} by cost of the rows`,
    description: describeFrontier(frontier),
    spec,
  };
}
