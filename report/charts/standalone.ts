import { outputMark } from '../../contracts/output-mark';
import type { Chart } from './render';
import { renderChart } from './render';

/** White paper: a picture on its own follows no page into dark mode. */
const paper = '<rect width="100%" height="100%" fill="#ffffff"/>';

/** Replaces `var(--name, fallback)` by its fallback; nothing outside a page knows the variables. */
function resolveColours(svg: string): string {
  return svg.replace(/var\(--[a-z0-9-]+, ([^()]+)\)/g, '$1');
}

/**
 * A picture as a file of its own, in the wide size.
 *
 * @returns an SVG document with its title and description, on white
 */
export async function renderStandalone(chart: Chart): Promise<string> {
  const svg = resolveColours(await renderChart(chart, 'wide'));
  return `${svg.replace('>', `>${outputMark}`).replace(/<\/desc>/, `</desc>${paper}`)}\n`;
}
