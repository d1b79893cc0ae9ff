import { planFigures } from './figures';
import { renderFigure } from './figures/render';
import { html, trustedHtml, type Html } from './html';
import type { ReportInput } from './input';
import { answerHeader } from './sections/answer';
import { claimsSection, controlSection } from './sections/claims';
import { coldStartSection } from './sections/cold-start';
import { costsSection } from './sections/costs';
import { dataSection } from './sections/data';
import { provenanceSection } from './sections/provenance';
import { samplesSection } from './sections/samples';
import { cellsSection, scoresSection } from './sections/scores';
import { trainingSection } from './sections/training';
import { styleSheet } from './style';

/** Nothing may be fetched and no script may run, whatever the data holds. */
const contentPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

function metricName(task: string): string {
  return task === 'grade-school-math' ? 'Accuracy' : 'Score';
}

async function sections(input: ReportInput): Promise<Html[]> {
  const metric = metricName(input.definition.task);
  const figures = planFigures(input, metric);
  return [
    await scoresSection(input, figures.scores, metric),
    await coldStartSection(input, figures.coldStart),
    await controlSection(input, figures.control),
    claimsSection(input),
    await trainingSection(figures.training),
    samplesSection(input.answers),
    cellsSection(input, metric),
    dataSection(input),
    costsSection(input),
    provenanceSection(input),
  ];
}

const headings = /<section id="([^"]+)"[^>]*>\s*<h2[^>]*>([^<]*)<\/h2>/;

function contentsOf(body: readonly Html[]): [string, Html][] {
  return body.flatMap(({ text }) => {
    const [, id, title] = headings.exec(text) ?? [];
    return id === undefined || title === undefined ? [] : [[id, trustedHtml(title)] as [string, Html]];
  });
}

/**
 * Renders a sweep's report.
 *
 * @returns one HTML document with its pictures inside: it runs no script, fetches nothing, and is the same bytes for
 * the same input.
 */
export async function renderReport(input: ReportInput): Promise<string> {
  const body = await sections(input);
  const page = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta http-equiv="Content-Security-Policy" content="${contentPolicy}" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>${input.definition.name}: budget split report</title>
      <style>
        ${trustedHtml(styleSheet)}
      </style>
    </head>
    <body>
      <a class="skip" href="#main">Skip to the results</a>
      ${answerHeader(input, contentsOf(body))}
      <main id="main">${body}</main>
      <footer>
        Made by Budgetline${input.run.packageVersion === undefined ? '' : ` ${input.run.packageVersion}`}.
        Intervals are 95 %; verdicts hold for this task, model and annotator.
      </footer>
    </body>
  </html>`;
  return `<!doctype html>\n${page.text}\n`;
}

/**
 * Renders the report's pictures on their own.
 *
 * @returns name → SVG document, in the wide size.
 */
export async function renderFigures(input: ReportInput): Promise<Record<string, string>> {
  const { scores, coldStart, control, training } = planFigures(input, metricName(input.definition.task));
  const planned = [...scores, ...coldStart, ...control, ...training];
  const drawn = await Promise.all(
    planned.map(async (figure) => [figure.name, await renderFigure(figure, 'wide')] as const),
  );
  return Object.fromEntries(drawn);
}
