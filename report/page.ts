import { outputMark } from '../contracts/output-mark';
import { html, trustedHtml, type Html } from './html';
import { styleSheet } from './style';

/** No fetches and no scripts, whatever the data contains. */
const contentPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

export interface Page {
  readonly title: string;
  readonly header: Html;
  readonly body: readonly Html[];
  readonly packageVersion?: string;
}

/** One self-contained HTML document. */
export function renderPage({ title, header, body, packageVersion }: Page): string {
  const page = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta http-equiv="Content-Security-Policy" content="${contentPolicy}" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>${title}: budget split report</title>
      <style>
        ${trustedHtml(styleSheet)}
      </style>
    </head>
    <body>
      <a class="skip" href="#main">Skip to the results</a>
      ${header}
      <main id="main">${body}</main>
      <footer>
        Made by Budgetline${packageVersion === undefined ? '' : ` ${packageVersion}`}. Intervals are 95%;
        verdicts apply to this task, model and annotator.
      </footer>
    </body>
  </html>`;
  return `<!doctype html>\n${outputMark}\n${page.text}\n`;
}

const headings = /<section id="([^"]+)"[^>]*>\s*<h2[^>]*>([^<]*)<\/h2>/;

/** Ids and titles of the sections, for a list of contents. */
export function contentsOf(body: readonly Html[]): [string, Html][] {
  return body.flatMap(({ text }) => {
    const [, id, title] = headings.exec(text) ?? [];
    return id === undefined || title === undefined ? [] : [[id, trustedHtml(title)] as [string, Html]];
  });
}
