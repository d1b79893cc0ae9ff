import type { TopLevelSpec } from 'vega-lite';
import type { Figure, FigureSize } from './render';
import { seriesColour, seriesDash } from './theme';

/** One quantity of one training stage, step by step. */
export interface Curve {
  readonly name: string;
  readonly points: readonly { readonly step: number; readonly value: number }[];
}

export interface CurvesData {
  readonly name: string;
  readonly title: string;
  readonly yTitle: string;
  readonly curves: readonly Curve[];
  /** A value that the curve starts from by definition, drawn as a dashed line. */
  readonly start?: { readonly value: number; readonly label: string };
}

/** Mean of the last `width` values at each step: single batches are noisy. */
export function smoothCurve(values: readonly number[], width: number): number[] {
  return values.map((_, index) => {
    const window = values.slice(Math.max(0, index - width + 1), index + 1);
    return window.reduce((sum, value) => sum + value, 0) / window.length;
  });
}

function smoothPoints(curve: Curve): { name: string; step: number; value: number; smooth: number }[] {
  const width = Math.max(1, Math.round(curve.points.length / 12));
  const smooth = smoothCurve(
    curve.points.map(({ value }) => value),
    width,
  );
  return curve.points.map((point, index) => ({
    name: curve.name,
    ...point,
    smooth: smooth[index] ?? point.value,
  }));
}

function describeCurves(data: CurvesData): string {
  const ends = data.curves.map((curve) => {
    const smooth = smoothPoints(curve);
    const [first, last] = [smooth[0], smooth.at(-1)];
    if (first === undefined || last === undefined) return `${curve.name}: no steps`;
    return `${curve.name} goes from ${first.value.toFixed(3)} to ${last.smooth.toFixed(3)} in ${curve.points.length.toString()} steps`;
  });
  return `${data.yTitle} by optimiser step. ${ends.join('; ')}.`;
}

/** Training curves: every step thin, a running mean over it thick, a line for each stage. */
export function trainingCurves(data: CurvesData): Figure {
  const values = data.curves.flatMap(smoothPoints);
  const names = data.curves.map(({ name }) => name);
  const spec = (size: FigureSize): TopLevelSpec => {
    const scale = { domain: names, range: names.map((_, index) => seriesColour(index)) };
    const color = {
      field: 'name',
      type: 'nominal',
      title: null,
      scale,
      sort: null,
      legend: { orient: 'bottom', columns: size === 'wide' ? 2 : 1, symbolType: 'stroke', labelLimit: 300 },
    };
    const x = {
      field: 'step',
      type: 'quantitative',
      title: 'Optimiser step',
      axis: { grid: false, format: 'd' },
    };
    const y = (field: string): object => ({
      field,
      type: 'quantitative',
      title: data.yTitle,
      scale: { zero: false },
    });
    return {
      width: size === 'wide' ? 400 : 270,
      height: 230,
      data: { values },
      layer: [
        { mark: { type: 'line', strokeWidth: 0.7, opacity: 0.4 }, encoding: { x, y: y('value'), color } },
        ...names.map((name, index) => ({
          transform: [{ filter: { field: 'name', equal: name } }],
          mark: { type: 'line', strokeWidth: 2.2, strokeDash: seriesDash(index) },
          encoding: { x, y: y('smooth'), color },
        })),
        ...(data.start === undefined ? [] : [startLine(data.start)]),
      ],
    } as TopLevelSpec;
  };
  return { name: data.name, title: data.title, description: describeCurves(data), spec };
}

function startLine(start: { value: number; label: string }): object {
  return {
    data: { values: [start] },
    encoding: { y: { field: 'value', type: 'quantitative' } },
    layer: [
      { mark: { type: 'rule', strokeDash: [2, 4], stroke: 'var(--muted, #5b5b63)' } },
      {
        mark: { type: 'text', align: 'left', dx: 4, dy: -6, fontSize: 11, fill: 'var(--muted, #5b5b63)' },
        encoding: { x: { value: 0 }, text: { field: 'label' } },
      },
    ],
  };
}
