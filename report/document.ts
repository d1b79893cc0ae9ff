import { outputMark } from '../core/output-mark';
import { html, trustedHtml, type Html } from './html';
import { styleSheet } from './style';

/** No fetches and no scripts, whatever the data contains. */
const contentPolicy = (hasImages: boolean): string =>
  `default-src 'none'; style-src 'unsafe-inline'; ${hasImages ? 'img-src data:; ' : ''}base-uri 'none'; form-action 'none'`;

export interface Document {
  readonly title: string;
  readonly body: Html;
  /** Whether it has images, which are data URLs. */
  readonly hasImages: boolean;
}

/** One self-contained HTML document. */
export function renderDocument({ title, body, hasImages }: Document): string {
  const page = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta http-equiv="Content-Security-Policy" content="${contentPolicy(hasImages)}" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>${title}</title>
      <style>
        ${trustedHtml(styleSheet)}
      </style>
    </head>
    <body>
      ${body}
    </body>
  </html>`;
  return `<!doctype html>\n${outputMark}\n${page.text}\n`;
}
