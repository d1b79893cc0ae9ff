import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { escapeHtml } from '../html';
import { chartConfig } from './theme';

/** Pictures are drawn twice: for a page's column, and for a phone held upright. */
export type ChartSize = 'wide' | 'narrow';

/** A picture before it is drawn. */
export interface Chart {
  /** Names the SVG file and prefixes its ids. */
  readonly name: string;
  readonly title: string;
  /** What a reader who cannot see the picture should learn from it. */
  readonly description: string;
  spec(size: ChartSize): TopLevelSpec;
}

/** Widths of a sans-serif face, in ems; without a canvas Vega takes every character for 0.8. */
function widthOf(character: string): number {
  if (/[ijl.,:;'|!()[\]tfrI ]/.test(character)) return 0.36;
  return /[mwMW%@—]/.test(character) ? 0.92 : /[A-Z]/.test(character) ? 0.72 : 0.62;
}

interface TextMetrics {
  width(item: { fontSize?: number }, text: unknown): number;
}

/** Gives Vega a better guess of text widths; its typings leave this setting out. */
function measureText(): void {
  const { textMetrics } = vega as unknown as { textMetrics: TextMetrics };
  textMetrics.width = ({ fontSize = 11 }, text) =>
    Array.from(String(text)).reduce((ems, character) => ems + widthOf(character), 0) * fontSize;
}

/**
 * Vega numbers clip paths through the whole process. Numbering them again, picture by picture, keeps ids unique in a
 * page and the same input's bytes the same.
 */
function renumberIds(svg: string, prefix: string): string {
  const ids = [...svg.matchAll(/ id="([^"]+)"/g)].map((match) => match[1] ?? '');
  const renamed = (id: string): string => `${prefix}-${ids.indexOf(id).toString()}`;
  return svg
    .replace(/ id="([^"]+)"/g, (_, id: string) => ` id="${renamed(id)}"`)
    .replace(/url\(#([^)]+)\)/g, (_, id: string) => `url(#${renamed(id)})`)
    .replace(/ xlink:href="#([^"]+)"/g, (_, id: string) => ` xlink:href="#${renamed(id)}"`);
}

/** A picture is one thing with a title and a description; its marks would be graphics without names. */
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
  // Replacements are functions: a price in the words ("$1") is no reference to a group.
  return svg.replace('<svg', () => start).replace(/^<svg[^>]*>/, (open) => open + words);
}

/**
 * Draws one picture.
 *
 * @returns an SVG element with a title and a description, without scripts or outside references.
 */
export async function renderChart(chart: Chart, size: ChartSize): Promise<string> {
  const prefix = `${chart.name}-${size}`;
  measureText();
  const { spec } = compile(chart.spec(size), { config: chartConfig });
  const view = new vega.View(vega.parse(spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return describe(renumberIds(hideMarks(svg), prefix), chart, prefix);
}
