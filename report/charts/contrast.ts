import type { TopLevelSpec } from 'vega-lite';
import { formatInterval, formatScore } from '../format';
import type { Chart, ChartSize } from './render';
import { mutedColour, seriesColour, seriesShape } from './theme';

/** One line of a forest plot: a score with its interval. */
export interface ContrastRow {
  readonly label: string;
  /** Rows of one kind share colour and shape. */
  readonly kind: string;
  readonly score: number;
  readonly low: number;
  readonly high: number;
}

export interface ContrastData {
  readonly name: string;
  readonly title: string;
  readonly metric: string;
  readonly rows: readonly ContrastRow[];
}

/** On a phone, labels are above their bars: the space next to them is too small. */
function rowAxis(size: ChartSize, labels: readonly string[]): object {
  return {
    field: 'label',
    type: 'nominal',
    title: null,
    sort: [...labels],
    axis: size === 'wide' ? { labelLimit: 320, ticks: false, domain: false, labelPadding: 12 } : null,
  };
}

/** Scores with intervals, one below the other. */
export function contrast(data: ContrastData): Chart {
  const labels = data.rows.map(({ label }) => label);
  const kinds = [...new Set(data.rows.map(({ kind }) => kind))];
  const values = data.rows.map((row) => ({ ...row, value: formatScore(row.score) }));
  const x = { type: 'quantitative', title: data.metric, scale: { domain: [0, 1] }, axis: { format: '.1f' } };
  const encode = (range: unknown[]): object => ({
    field: 'kind',
    type: 'nominal',
    scale: { domain: kinds, range },
    legend: null,
  });
  const spec = (size: ChartSize): TopLevelSpec => {
    const color = encode(kinds.map((_, index) => seriesColour(index)));
    const named = {
      mark: { type: 'text', align: 'left', dy: -13, fontSize: 12, fill: mutedColour },
      encoding: { x: { value: 2 }, text: { field: 'label' } },
    };
    return {
      width: size === 'wide' ? 560 : 320,
      height: { step: size === 'wide' ? 36 : 46 },
      data: { values },
      encoding: { y: rowAxis(size, labels) },
      layer: [
        {
          mark: { type: 'rule', strokeWidth: 2 },
          encoding: { x: { field: 'low', ...x }, x2: { field: 'high' }, color },
        },
        {
          mark: { type: 'point', filled: true, size: 110, opacity: 1 },
          encoding: {
            x: { field: 'score', ...x },
            color,
            shape: encode(kinds.map((_, i) => seriesShape(i))),
          },
        },
        ...(size === 'narrow' ? [named] : []),
      ],
    } as unknown as TopLevelSpec;
  };
  const words = data.rows.map((row) => `${row.label}: ${formatScore(row.score)} (${formatInterval(row)})`);
  return { name: data.name, title: data.title, description: `${data.metric}. ${words.join('. ')}.`, spec };
}
