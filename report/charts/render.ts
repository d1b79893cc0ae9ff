import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { escapeHtml } from '../html';
import { chartConfig } from './theme';

/** Charts are drawn twice: for a page's column, and for a phone. */
export type ChartSize = 'wide' | 'narrow';

/** A chart before it is drawn. */
export interface Chart {
  /** Names the SVG file and prefixes its ids. */
  readonly name: string;
  readonly title: string;
  /** Text alternative for readers who cannot see the chart. */
  readonly description: string;
  spec(size: ChartSize): TopLevelSpec;
}

/** Widths of a sans-serif face, in ems. Without a canvas Vega uses 0.8 for every character. */
function widthOf(character: string): number {
  if (/[ijl.,:;'|!()[\]tfrI ]/.test(character)) return 0.36;
  return /[mwMW%@—]/.test(character) ? 0.92 : /[A-Z]/.test(character) ? 0.72 : 0.62;
}

interface TextMetrics {
  width(item: { fontSize?: number }, text: unknown): number;
}

/** Sets better text widths in Vega; its typings do not have this setting. */
function measureText(): void {
  const { textMetrics } = vega as unknown as { textMetrics: TextMetrics };
  textMetrics.width = ({ fontSize = 11 }, text) =>
    Array.from(String(text)).reduce((ems, character) => ems + widthOf(character), 0) * fontSize;
}

/**
 * Vega numbers clip paths through the whole process. Renumbering them by chart keeps ids unique in a page and the bytes
 * the same for the same input.
 */
function renumberIds(svg: string, prefix: string): string {
  const ids = [...svg.matchAll(/ id="([^"]+)"/g)].map((match) => match[1] ?? '');
  const renamed = (id: string): string => `${prefix}-${ids.indexOf(id).toString()}`;
  return svg
    .replace(/ id="([^"]+)"/g, (_, id: string) => ` id="${renamed(id)}"`)
    .replace(/url\(#([^)]+)\)/g, (_, id: string) => `url(#${renamed(id)})`)
    .replace(/ xlink:href="#([^"]+)"/g, (_, id: string) => ` xlink:href="#${renamed(id)}"`);
}

/** Hides marks from screen readers: the chart has a title and a description, its marks have no names. */
function hideMarks(svg: string): string {
  return svg.replace(/ (role="graphics-[^"]*"|aria-roledescription="[^"]*")/g, '');
}

function describe(svg: string, chart: Chart, prefix: string): string {
  const start =
    `<svg role="img" aria-labelledby="${prefix}-title ${prefix}-description" ` +
    `data-chart="${chart.name}" style="max-width:100%;height:auto"`;
  const words =
    `<title id="${prefix}-title">${escapeHtml(chart.title)}</title>` +
    `<desc id="${prefix}-description">${escapeHtml(chart.description)}</desc>`;
  // Replacements are functions: "$1" in the text must not be a reference to a group.
  return svg.replace('<svg', () => start).replace(/^<svg[^>]*>/, (open) => open + words);
}

/**
 * Draws one chart.
 *
 * @returns an SVG element with a title and a description, without scripts or outside references.
 */
export async function renderChart(chart: Chart, size: ChartSize): Promise<string> {
  const prefix = `${chart.name}-${size}`;
  measureText();
  // Vega marks the objects of its data: a clone, so that it does not mark the analysis.
  const { spec } = compile(structuredClone(chart.spec(size)), { config: chartConfig });
  const view = new vega.View(vega.parse(spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return describe(renumberIds(hideMarks(svg), prefix), chart, prefix);
}
