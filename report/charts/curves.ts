import type { TopLevelSpec } from 'vega-lite';
import { formatScore } from '../format';
import { loneLayer, lonePoints } from './lone-points';
import type { Chart, ChartSize } from './render';
import { mutedColour, seriesColour, seriesDash } from './theme';

/** One quantity of one training stage, step by step. */
export interface Curve {
  readonly name: string;
  /** Index of its colour. */
  readonly series: number;
  /** Index of its dash. */
  readonly dash: number;
  readonly points: readonly CurvePoint[];
  /** The same quantity on held-out rows, at the ends of epochs. Default: not measured. */
  readonly heldOut?: readonly CurvePoint[];
}

export interface CurvePoint {
  readonly step: number;
  readonly value: number;
}

export interface CurvesData {
  readonly name: string;
  readonly title: string;
  readonly yTitle: string;
  readonly curves: readonly Curve[];
  /** A value that the curve starts from by definition, drawn as a dotted line. */
  readonly start?: number;
}

const widths: Readonly<Record<ChartSize, number>> = { wide: 380, narrow: 285 };

/** The straight line through the values of one window, by least squares, at position `at`. */
function fitLine(values: readonly number[], at: number): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = values.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
  const tilt = values.reduce((sum, value, index) => sum + (index - middle) * value, 0);
  return spread === 0 ? mean : mean + (tilt / spread) * (at - middle);
}

/**
 * A line fitted to each value's neighbours, `reach` on either side: single batches are noisy. Unlike a moving mean it does
 * not lag behind a falling curve or bend at the ends.
 */
export function smoothCurve(values: readonly number[], reach: number): number[] {
  return values.map((_, index) => {
    const from = Math.max(0, index - reach);
    return fitLine(values.slice(from, index + reach + 1), index - from);
  });
}

function smoothPoints(curve: Curve): { name: string; step: number; value: number; smooth: number }[] {
  const reach = Math.round(curve.points.length / 16);
  const smooth = smoothCurve(
    curve.points.map(({ value }) => value),
    reach,
  );
  return curve.points.map((point, index) => ({
    name: curve.name,
    ...point,
    smooth: smooth[index] ?? point.value,
  }));
}

/** Held-out losses this much above their minimum are worth a word: the model overfits. */
const clearRise = 1.05;

function describeHeldOut({ heldOut = [] }: Curve): string {
  const [first, last] = [heldOut[0], heldOut.at(-1)];
  if (first === undefined || last === undefined) return '';
  const lowest = heldOut.reduce((least, point) => (point.value < least.value ? point : least));
  const rise = last.value > clearRise * lowest.value;
  const words = `, on held-out rows from ${formatScore(first.value)} to ${formatScore(last.value)}`;
  return rise ? `${words}, lowest ${formatScore(lowest.value)} at step ${lowest.step}` : words;
}

function describeCurves(data: CurvesData): string {
  const ends = data.curves.map((curve) => {
    const smooth = smoothPoints(curve);
    const [first, last] = [smooth[0], smooth.at(-1)];
    if (first === undefined || last === undefined) return `${curve.name}: no steps`;
    if (smooth.length === 1) return `${curve.name} is ${formatScore(first.value)} at its only step`;
    return `${curve.name} goes from ${formatScore(first.value)} to ${formatScore(last.smooth)} in ${last.step.toString()} steps${describeHeldOut(curve)}`;
  });
  return `${data.yTitle} by optimiser step. ${ends.join('; ')}.`;
}

const heldOutName = 'held-out loss, after each epoch';

/** A circle for each value on held-out rows, joined by a dotted line. */
function heldOutLayers({ curves }: CurvesData, encoding: Record<'x' | 'y' | 'color', object>): object[] {
  const values = curves.flatMap(({ name, heldOut = [] }) =>
    heldOut.map((point) => ({ name, what: heldOutName, ...point })),
  );
  if (values.length === 0) return [];
  const symbols = { stroke: { value: mutedColour } };
  const legend = { orient: 'top', encoding: { symbols }, labelLimit: 300 };
  const shape = { field: 'what', type: 'nominal', title: null, scale: { range: ['circle'] }, legend };
  const line = { type: 'line', strokeWidth: 1, strokeDash: [1, 3] };
  const point = { type: 'point', size: 45, strokeWidth: 1.8, fill: 'white' };
  return [
    { data: { values }, mark: line, encoding },
    { data: { values }, mark: point, encoding: { ...encoding, shape } },
  ];
}

/**
 * Training curves, a line for each stage: every step thin, the smoothed curve thick. Values on held-out rows are circles.
 */
export function trainingCurves(data: CurvesData): Chart {
  const values = data.curves.flatMap(smoothPoints);
  const names = data.curves.map(({ name }) => name);
  const spec = (size: ChartSize): TopLevelSpec => {
    const legend = { orient: 'bottom', columns: 1, symbolType: 'stroke', symbolSize: 300, labelLimit: 300 };
    const named = (range: unknown[]): object => ({
      field: 'name',
      type: 'nominal',
      title: null,
      scale: { domain: names, range },
      sort: null,
      legend,
    });
    const color = named(data.curves.map(({ series }) => seriesColour(series)));
    const strokeDash = named(data.curves.map(({ dash }) => seriesDash(dash)));
    const x = {
      field: 'step',
      type: 'quantitative',
      title: 'Optimiser step',
      axis: { grid: false, format: 'd', tickCount: 6 },
    };
    const y = (field: string): object => ({
      field,
      type: 'quantitative',
      title: data.yTitle,
      scale: { zero: false },
    });
    return {
      width: widths[size],
      height: 230,
      data: { values },
      layer: [
        ...data.curves.map(({ name, series }) => ({
          transform: [{ filter: { field: 'name', equal: name } }],
          mark: { type: 'line', strokeWidth: 0.7, opacity: 0.35, stroke: seriesColour(series) },
          encoding: { x, y: y('value') },
        })),
        { mark: { type: 'line', strokeWidth: 2.2 }, encoding: { x, y: y('smooth'), color, strokeDash } },
        ...heldOutLayers(data, { x, y: y('value'), color }),
        ...loneLayer(
          lonePoints(values, ({ name }) => name),
          { x, y: y('value'), color },
        ),
        ...(data.start === undefined ? [] : [startLine(data.start)]),
      ],
    } as TopLevelSpec;
  };
  return { name: data.name, title: data.title, description: describeCurves(data), spec };
}

function startLine(value: number): object {
  return {
    data: { values: [{ value }] },
    encoding: { y: { field: 'value', type: 'quantitative' } },
    mark: { type: 'rule', strokeDash: [2, 4], strokeWidth: 1.5, stroke: mutedColour },
  };
}
