import { join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import { renderStandalone, type Chart } from '../../report';
import { ensureDir, writeFileAtomic } from '../../host/durable-files';

/** Fonts of a package, so that charts are the same on every machine. */
const fonts = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((file) =>
  require.resolve(`dejavu-fonts-ttf/ttf/${file}`),
);

/** PNG pixels per unit of the SVG: sharp on a slide. */
const zoom = 2;

function drawPng(svg: string): Uint8Array {
  const font = { loadSystemFonts: false, fontFiles: fonts, defaultFontFamily: 'DejaVu Sans' };
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: zoom } }).render().asPng();
}

/** Draws every chart as SVG and PNG. The paths are in `folder`. */
export async function drawCharts(
  folder: string,
  charts: readonly Chart[],
): Promise<{ path: string; data: string | Uint8Array }[]> {
  const drawn = charts.map(async (chart) => {
    const svg = await renderStandalone(chart);
    const path = (type: string): string => join(folder, `${chart.name}.${type}`);
    return [
      { path: path('svg'), data: svg },
      { path: path('png'), data: drawPng(svg) },
    ];
  });
  return (await Promise.all(drawn)).flat();
}

/** Writes every chart into a folder, and returns the folder. */
export async function writeCharts(folder: string, charts: readonly Chart[]): Promise<string> {
  await ensureDir(folder);
  for (const { path, data } of await drawCharts(folder, charts)) await writeFileAtomic(path, data);
  return folder;
}
