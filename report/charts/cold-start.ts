import type { TopLevelSpec } from 'vega-lite';
import { formatShare } from '../format';
import type { Chart, ChartSize } from './render';
import { seriesColour, seriesShape } from './theme';

/** Style rates of one model's answers: they show a cold start. */
export interface AnsweringRates {
  readonly name: string;
  readonly score: number;
  readonly wellFormedRate: number | null;
  readonly truncatedRate: number | null;
  readonly noEosRate: number | null;
}

const measures: readonly [keyof Omit<AnsweringRates, 'name'>, string][] = [
  ['score', 'correct'],
  ['wellFormedRate', 'well-formed'],
  ['truncatedRate', 'truncated'],
  ['noEosRate', 'no end of sequence'],
];

function knownRates(model: AnsweringRates): { name: string; measure: string; rate: number }[] {
  return measures.flatMap(([key, measure]) => {
    const rate = model[key];
    return rate === null ? [] : [{ name: model.name, measure, rate }];
  });
}

function describeRates(models: readonly AnsweringRates[]): string {
  const words = models.map(
    (model) =>
      `${model.name}: ${knownRates(model)
        .map(({ measure, rate }) => `${measure} ${formatShare(rate, 0)}`)
        .join(', ')}`,
  );
  return `Share of test answers. ${words.join('. ')}.`;
}

/** Rates of the models side by side, one row a measure. */
export function coldStartRates(models: readonly AnsweringRates[]): Chart {
  const values = models.flatMap(knownRates);
  const known = measures.map(([, label]) => label).filter((label) => values.some((v) => v.measure === label));
  const names = models.map(({ name }) => name);
  const y = { field: 'measure', type: 'nominal', title: null, sort: known };
  const x = {
    type: 'quantitative',
    title: 'Share of test answers',
    scale: { domain: [0, 1] },
    axis: { format: '.0%', tickCount: 5 },
  };
  const spec = (size: ChartSize): TopLevelSpec => {
    const legend = { title: null, orient: 'bottom', columns: size === 'wide' ? 4 : 1, labelLimit: 300 };
    const encode = (range: unknown[]): object => ({
      field: 'name',
      type: 'nominal',
      sort: null,
      scale: { domain: names, range },
      legend,
    });
    return {
      width: size === 'wide' ? 730 : 210,
      height: { step: 14, for: 'offset' },
      data: { values },
      mark: { type: 'point', filled: true, size: 110, opacity: 1, clip: false },
      encoding: {
        y: { ...y, axis: { labelLimit: 200, ticks: false, domain: false, labelPadding: 12, grid: false } },
        yOffset: { field: 'name', sort: names, scale: { paddingOuter: 0.6 } },
        x: { field: 'rate', ...x },
        color: encode(names.map((_, index) => seriesColour(index))),
        shape: encode(names.map((_, index) => seriesShape(index))),
      },
    } as TopLevelSpec;
  };
  return {
    name: 'cold-start',
    title: 'Cold start: how the models answer',
    description: describeRates(models),
    spec,
  };
}
