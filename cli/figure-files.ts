import { join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import { renderStandalone, type Figure } from '../report';
import { ensureDir, writeFileAtomic } from '../store';

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

/** Writes every picture as SVG and PNG; returns the folder. */
export async function writeFigures(folder: string, figures: readonly Figure[]): Promise<string> {
  await ensureDir(folder);
  for (const figure of figures) {
    const svg = await renderStandalone(figure);
    await writeFileAtomic(join(folder, `${figure.name}.svg`), svg);
    await writeFileAtomic(join(folder, `${figure.name}.png`), drawPng(svg));
  }
  return folder;
}
