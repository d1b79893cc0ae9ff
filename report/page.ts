import { renderDocument } from './document';
import { html, trustedHtml, type Html } from './html';

export interface Page {
  readonly title: string;
  readonly header: Html;
  readonly body: readonly Html[];
  readonly packageVersion?: string;
}

/** One self-contained HTML document. */
export function renderPage({ title, header, body, packageVersion }: Page): string {
  return renderDocument({
    title: `${title}: budget split report`,
    hasImages: true,
    body: html`<a class="skip" href="#main">Skip to the results</a>
      ${header}
      <main id="main">${body}</main>
      <footer>
        Made by Budgetline${packageVersion === undefined ? '' : ` ${packageVersion}`}. Intervals are 95%;
        verdicts apply to this task, model and annotator.
      </footer>`,
  });
}

const headings = /<section id="([^"]+)"[^>]*>\s*<h2[^>]*>([^<]*)<\/h2>/;

/** Ids and titles of the sections, for a list of contents. */
export function contentsOf(body: readonly Html[]): [string, Html][] {
  return body.flatMap(({ text }) => {
    const [, id, title] = headings.exec(text) ?? [];
    return id === undefined || title === undefined ? [] : [[id, trustedHtml(title)] as [string, Html]];
  });
}
