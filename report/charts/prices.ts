import type { TopLevelSpec } from 'vega-lite';
import type { PriceSensitivity } from '../../contracts/analysis/money';
import { formatCount, formatFraction } from '../format';
import { loneLayer, lonePoints } from './lone-points';
import type { Chart, ChartSize } from './render';
import { inkColour, mutedColour, seriesColour, seriesDash } from './theme';

export interface PriceData {
  readonly metric: string;
  /** Most SFT first, as in the other charts, so that an SFT share keeps its colour. */
  readonly fractions: readonly number[];
  readonly prices: PriceSensitivity;
}

const fractionName = (fraction: number): string => `SFT share ${formatFraction(fraction)}`;
const formatRatio = (ratio: number): string => ratio.toFixed(2);

/** "SFT share 1 up to ratio 2.10 (1.50 to 3.00), then SFT share 0.5; compared from ratio 0.50 to 10.00." */
export function describeSwitches({ curve, own, switches, from, to, skipped }: PriceSensitivity): string {
  const first = curve.find(({ best }) => best !== null)?.best ?? 0;
  const turns = switches.map(({ ratio, low, high, toFraction }) => {
    const bounds = low === null || high === null ? '' : ` (${formatRatio(low)} to ${formatRatio(high)})`;
    return ` up to ratio ${formatRatio(ratio)}${bounds}, then ${fractionName(toFraction)}`;
  });
  const others = skipped.length === 0 ? '' : `, without ${skipped.map(fractionName).join(', ')}`;
  const range = `from ratio ${formatRatio(from)} to ${formatRatio(to)}${others}`;
  return `${fractionName(first)}${turns.join('')}; compared ${range}.${sayOwn(curve, own)}`;
}

/** " At ratio 0.67, that of the prices here: SFT share 0.5." */
function sayOwn(curve: PriceSensitivity['curve'], own?: number): string {
  if (own === undefined) return '';
  const best = curve.find(({ ratio }) => ratio === own)?.best ?? null;
  return ` At ratio ${formatRatio(own)}, that of the prices here: ${best === null ? 'not all SFT shares are measured' : fractionName(best)}.`;
}

/** Score by price ratio for one amount of money, a line for each SFT share, switches as bands. */
export function priceSensitivity({ metric, fractions, prices }: PriceData): Chart {
  const values = prices.curve.flatMap(({ ratio, best, scores }) =>
    scores.map(({ fraction, score }) => ({
      ratio,
      score,
      series: formatFraction(fraction),
      best: fraction === best,
    })),
  );
  const drawn = fractions.filter((fraction) =>
    values.some(({ series }) => series === formatFraction(fraction)),
  );
  const colourOf = (fraction: number): number => fractions.indexOf(fraction);
  const domain = [prices.curve[0]!.ratio, prices.curve.at(-1)!.ratio] as const;
  const isInDomain = (ratio: number): boolean => ratio >= domain[0] && ratio <= domain[1];
  const x = {
    field: 'ratio',
    type: 'quantitative',
    title: 'Price of a demonstration in pairs (log scale)',
    scale: { type: 'log', domain, nice: false },
    axis: { values: [0.1, 0.2, 0.5, 1, 2, 5, 10, 20].filter(isInDomain), format: '~g', grid: false },
  };
  const y = {
    field: 'score',
    type: 'quantitative',
    title: metric,
    scale: { zero: false },
    axis: { format: '.2f' },
  };
  const spec = (size: ChartSize): TopLevelSpec => {
    const named = (range: unknown[]): object => ({
      field: 'series',
      type: 'nominal',
      sort: null,
      scale: { domain: drawn.map(formatFraction), range },
      legend: {
        title: 'SFT share',
        symbolType: 'stroke',
        symbolSize: 300,
        ...(size === 'narrow' ? { orient: 'bottom', columns: 3 } : {}),
      },
    });
    const bands = prices.switches.filter(({ low }) => low !== null);
    return {
      width: size === 'wide' ? 730 : 290,
      height: 300,
      data: { values },
      layer: [
        {
          data: { values: bands },
          mark: { type: 'rect', opacity: 0.15, fill: mutedColour },
          encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' } },
        },
        {
          data: { values: prices.switches },
          mark: { type: 'rule', stroke: mutedColour, strokeDash: [2, 4] },
          encoding: { x },
        },
        {
          data: { values: prices.own === undefined ? [] : [{ ratio: prices.own }] },
          mark: { type: 'rule', stroke: inkColour },
          encoding: { x },
        },
        {
          mark: { type: 'line', strokeWidth: 1.8 },
          encoding: {
            x,
            y,
            color: named(drawn.map((fraction) => seriesColour(colourOf(fraction)))),
            strokeDash: named(drawn.map((fraction) => seriesDash(colourOf(fraction)))),
          },
        },
        ...loneLayer(
          lonePoints(values, ({ series }) => series),
          { x, y, color: named(drawn.map((fraction) => seriesColour(colourOf(fraction)))) },
        ),
        {
          transform: [{ filter: 'datum.best' }],
          mark: { type: 'circle', size: 22, opacity: 1, fill: inkColour },
          encoding: { x, y },
        },
      ],
    } as unknown as TopLevelSpec;
  };
  const money = `${formatCount(prices.money)} pairs’ money`;
  return {
    name: 'price-sensitivity',
    title: `What ${money} buys by the price of a demonstration`,
    description: `${metric} that ${money} buys, by the price of a demonstration in pairs, a line for each SFT share. ${describeSwitches(prices)}`,
    spec,
  };
}
