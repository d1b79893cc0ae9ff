import type { TopLevelSpec } from 'vega-lite';
import type { Figure, FigureSize } from './render';
import { mutedColour, seriesColour, seriesDash } from './theme';

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

const widths: Readonly<Record<FigureSize, number>> = { wide: 380, narrow: 285 };

/** Mean over `reach` values to either side, fewer at the ends so that it stays centred: single batches are noisy. */
export function smoothCurve(values: readonly number[], reach: number): number[] {
  return values.map((_, index) => {
    const side = Math.min(reach, index, values.length - 1 - index);
    const window = values.slice(index - side, index + side + 1);
    return window.reduce((sum, value) => sum + value, 0) / window.length;
  });
}

function smoothPoints(curve: Curve): { name: string; step: number; value: number; smooth: number }[] {
  const reach = Math.round(curve.points.length / 25);
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
    const legend = { orient: 'bottom', columns: 1, symbolType: 'stroke', symbolSize: 300, labelLimit: 300 };
    const named = (range: unknown[]): object => ({
      field: 'name',
      type: 'nominal',
      title: null,
      scale: { domain: names, range },
      sort: null,
      legend,
    });
    const color = named(names.map((_, index) => seriesColour(index)));
    const strokeDash = named(names.map((_, index) => seriesDash(index)));
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
      width: widths[size],
      height: 230,
      data: { values },
      layer: [
        ...names.map((name, index) => ({
          transform: [{ filter: { field: 'name', equal: name } }],
          mark: { type: 'line', strokeWidth: 0.7, opacity: 0.4, stroke: seriesColour(index) },
          encoding: { x, y: y('value') },
        })),
        { mark: { type: 'line', strokeWidth: 2.2 }, encoding: { x, y: y('smooth'), color, strokeDash } },
        ...(data.start === undefined ? [] : [startLine(data.start, size)]),
      ],
    } as TopLevelSpec;
  };
  return { name: data.name, title: data.title, description: describeCurves(data), spec };
}

/** The label stands at the far end, where the curves have left the line. */
function startLine(start: { value: number; label: string }, size: FigureSize): object {
  return {
    data: { values: [start] },
    encoding: { y: { field: 'value', type: 'quantitative' } },
    layer: [
      { mark: { type: 'rule', strokeDash: [2, 4], stroke: mutedColour } },
      {
        mark: { type: 'text', align: 'right', dx: -4, dy: -6, fontSize: 11, fill: mutedColour },
        encoding: { x: { value: widths[size] }, text: { field: 'label' } },
      },
    ],
  };
}
