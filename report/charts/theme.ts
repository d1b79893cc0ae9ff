import type { Config } from 'vega-lite';

/**
 * Okabe and Ito's colours, safe for common colour blindness. Charts refer to CSS variables to follow the page's dark mode;
 * the fallback is for standalone charts.
 */
export const seriesColours = [
  ['--series-1', '#0072b2'],
  ['--series-2', '#d55e00'],
  ['--series-3', '#009e73'],
  ['--series-4', '#cc79a7'],
  ['--series-5', '#e69f00'],
  ['--series-6', '#56b4e9'],
] as const;

/** Every series also has its own shape and dash. */
export const seriesShapes = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down'] as const;
export const seriesDashes: readonly (readonly number[])[] = [
  [1, 0],
  [6, 2],
  [2, 2],
  [8, 2, 2, 2],
  [4, 4],
  [10, 3],
];

export const inkColour = 'var(--ink, #1c1c1e)';
export const mutedColour = 'var(--muted, #5b5b63)';
export const gridColour = 'var(--grid, #dcdce2)';

/** The colour of the nth series. Colours repeat after six; shapes and dashes still differ. */
export function seriesColour(index: number): string {
  const [name, fallback] = seriesColours[index % seriesColours.length] ?? seriesColours[0];
  return `var(${name}, ${fallback})`;
}

export function seriesShape(index: number): string {
  return seriesShapes[index % seriesShapes.length] ?? 'circle';
}

/** A dash that differs from its neighbours', also with more than six series. */
export function seriesDash(index: number): number[] {
  return [
    ...(seriesDashes[(index + Math.floor(index / seriesDashes.length)) % seriesDashes.length] ?? [1, 0]),
  ];
}

const font = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

export const chartConfig: Config = {
  font,
  aria: false,
  background: 'transparent',
  view: { stroke: gridColour },
  axis: {
    labelColor: mutedColour,
    titleColor: inkColour,
    domainColor: gridColour,
    tickColor: gridColour,
    gridColor: gridColour,
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 600,
    titlePadding: 8,
  },
  legend: {
    labelColor: inkColour,
    titleColor: inkColour,
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 600,
    symbolStrokeWidth: 2,
    symbolSize: 90,
  },
  header: { labelColor: inkColour, titleColor: inkColour, labelFontSize: 12, labelFontWeight: 600 },
  title: { color: inkColour, fontSize: 13, anchor: 'start' },
};
