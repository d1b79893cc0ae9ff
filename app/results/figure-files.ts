import { join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import { renderStandalone, type Chart } from '../../report';
import { ensureDir, writeFileAtomic } from '../../store';

/** The package's own face, so that letters are there and the same on every machine. */
const fonts = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((file) =>
  require.resolve(`dejavu-fonts-ttf/ttf/${file}`),
);

/** Twice the size of the SVG: sharp on a slide. */
const zoom = 2;

function drawPng(svg: string): Uint8Array {
  const font = { loadSystemFonts: false, fontFiles: fonts, defaultFontFamily: 'DejaVu Sans' };
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: zoom } }).render().asPng();
}

/** Every picture as SVG and PNG, in a folder. */
export async function drawFigures(
  folder: string,
  figures: readonly Chart[],
): Promise<{ path: string; data: string | Uint8Array }[]> {
  const drawn = figures.map(async (figure) => {
    const svg = await renderStandalone(figure);
    const path = (type: string): string => join(folder, `${figure.name}.${type}`);
    return [
      { path: path('svg'), data: svg },
      { path: path('png'), data: drawPng(svg) },
    ];
  });
  return (await Promise.all(drawn)).flat();
}

/** Writes every picture into a folder of the home; returns the folder. */
export async function writeFigures(folder: string, figures: readonly Chart[]): Promise<string> {
  await ensureDir(folder);
  for (const { path, data } of await drawFigures(folder, figures)) await writeFileAtomic(path, data);
  return folder;
}
