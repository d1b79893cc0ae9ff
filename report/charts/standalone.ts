import { outputMark } from '../../core/output-mark';
import type { Chart } from './render';
import { renderChart } from './render';

/** White background: a standalone chart has no dark mode. */
const paper = '<rect width="100%" height="100%" fill="#ffffff"/>';

/** Replaces `var(--name, fallback)` by its fallback; the variables exist only in the page. */
function resolveColours(svg: string): string {
  return svg.replace(/var\(--[a-z0-9-]+, ([^()]+)\)/g, '$1');
}

/**
 * A chart as a standalone file, in the wide size.
 *
 * @returns an SVG document with its title and description, on white
 */
export async function renderStandalone(chart: Chart): Promise<string> {
  const svg = resolveColours(await renderChart(chart, 'wide'));
  return `${svg.replace('>', `>${outputMark}`).replace(/<\/desc>/, `</desc>${paper}`)}\n`;
}
