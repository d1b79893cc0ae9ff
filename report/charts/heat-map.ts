import type { BudgetUnit } from '../../schemas/definition';
import type { TopLevelSpec } from 'vega-lite';
import { formatBudget, formatFraction, formatScore } from '../format';
import type { Chart, ChartSize } from './render';
import { budgetTitle, orderedBudgets, orderedFractions, type ScorePoint } from './score-by-budget';
import { inkColour } from './theme';

export interface HeatMapData {
  readonly metric: string;
  readonly unit: BudgetUnit;
  readonly points: readonly ScorePoint[];
}

function describeBest({ points }: HeatMapData): string {
  const best = points.filter((point) => point.best).sort((a, b) => a.budget - b.budget);
  const words = best.map(
    ({ budget, fraction, score }) =>
      `at ${budget.toString()} the best is SFT share ${formatFraction(fraction)} with ${formatScore(score)}`,
  );
  const near = points
    .filter((point) => point.near && !point.best)
    .map(({ budget, fraction }) => `SFT share ${formatFraction(fraction)} at ${budget.toString()}`);
  const within = near.length === 0 ? '' : ` Within 5% of the best: ${near.join(', ')}.`;
  const named = words.length === 0 ? '' : `; ${words.join('; ')}`;
  return `Heat map of the score by budget and SFT share${named}.${within}`;
}

/** Black on bright cells, white on dark ones, in both modes of the page: a contrast of at least 4.5 on cividis. */
const readable = { condition: { test: 'datum.score > 0.46', value: '#000000' }, value: '#ffffff' };

/** Budget by SFT share, the score as colour and number, the best cell of each budget framed and starred. */
export function heatMap(data: HeatMapData): Chart {
  const values = data.points.map((point) => ({
    ...point,
    label: `${point.best ? '★ ' : ''}${formatScore(point.score)}`,
    budgetName: formatBudget(point.budget, data.unit),
    fractionName: formatFraction(point.fraction),
  }));
  const x = {
    field: 'budgetName',
    type: 'ordinal',
    title: budgetTitle(data.unit),
    sort: orderedBudgets(data.points).map((budget) => formatBudget(budget, data.unit)),
    axis: { labelAngle: 0, orient: 'bottom' },
    scale: { paddingInner: 0.04 },
  };
  const y = {
    field: 'fractionName',
    type: 'ordinal',
    title: 'SFT share',
    sort: orderedFractions(data.points).map(formatFraction),
    scale: { paddingInner: 0.06 },
  };
  const spec = (size: ChartSize): TopLevelSpec =>
    ({
      width: size === 'wide' ? 730 : 285,
      height: { step: 44 },
      data: { values },
      encoding: { x, y },
      layer: [
        {
          mark: { type: 'rect', cornerRadius: 3 },
          encoding: {
            color: {
              field: 'score',
              type: 'quantitative',
              title: data.metric,
              scale: { scheme: 'cividis', domain: [0, 1] },
              legend:
                size === 'wide'
                  ? { format: '.1f', gradientLength: 150 }
                  : { format: '.1f', orient: 'bottom', gradientLength: 230 },
            },
          },
        },
        {
          transform: [{ filter: 'datum.near && !datum.best' }],
          mark: { type: 'rect', filled: false, strokeWidth: 3, strokeDash: [5, 3], cornerRadius: 3 },
          encoding: { stroke: readable },
        },
        {
          transform: [{ filter: 'datum.best' }],
          mark: { type: 'rect', filled: false, stroke: inkColour, strokeWidth: 3, cornerRadius: 3 },
        },
        {
          mark: { type: 'text', fontSize: 13, fontWeight: 600 },
          encoding: {
            text: { field: 'label' },
            color: readable,
          },
        },
      ],
    }) as TopLevelSpec;
  return {
    name: 'heat-map',
    title: `${data.metric} by budget and SFT share`,
    description: describeBest(data),
    spec,
  };
}
