import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import type { Chapter } from '../input';
import { html, trustedHtml, type Html } from '../html';
import { renderChart, type Chart } from '../charts/render';

export type Content = Html | string | number;

export interface Column {
  readonly title: string;
  readonly number?: boolean;
  /** Long text that may wrap. */
  readonly text?: boolean;
  /** Short values with commas between, which may wrap. */
  readonly list?: boolean;
}

/** A column of numbers. */
export const number = (title: string): Column => ({ title, number: true });

export interface TableRow {
  readonly cells: readonly Content[];
  readonly best?: boolean;
}

export interface TableSpec {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly TableRow[];
}

const classOf = (column: Column | undefined): string =>
  (['number', 'text', 'list'] as const).find((kind) => column?.[kind] === true) ?? '';

/** Columns that are not dashes alone. Without rows: all columns. */
function filledColumns({ columns, rows }: TableSpec): number[] {
  const all = [...columns.keys()];
  return rows.length === 0 ? all : all.filter((index) => rows.some(({ cells }) => cells[index] !== '–'));
}

/**
 * A table that scrolls inside its own box, reachable by keyboard. The first column is the row's header. Columns of dashes
 * alone are left out.
 */
export function table(spec: TableSpec): Html {
  const { caption } = spec;
  const kept = filledColumns(spec);
  const columns = kept.map((index) => spec.columns[index]!);
  const rows = spec.rows.map(({ cells, ...row }) => ({ ...row, cells: kept.map((index) => cells[index]!) }));
  const heads = columns.map(
    (column) => html`<th scope="col" class="${classOf(column)}">${column.title}</th>`,
  );
  const body = rows.map(({ cells, best }) => {
    const [head = '', ...rest] = cells;
    const first = classOf(columns[0]);
    const others = rest.map((cell, index) => html`<td class="${classOf(columns[index + 1])}">${cell}</td>`);
    return html`<tr class="${best === true ? 'best' : ''}">
      <th scope="row" class="${first}">${head}</th>
      ${others}
    </tr>`;
  });
  return html`<div class="scroll" role="group" aria-label="${caption}" tabindex="0">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div>`;
}

/** The answer, a paragraph a line. */
export const answerParagraphs = ({ answer }: Pick<SubjectAnalysis, 'answer'>): Html[] =>
  answer.split('\n').map((text) => html`<p>${text}</p>`);

export interface SectionSpec {
  readonly id: string;
  readonly title: string;
}

/** Id and title of a chapter's section: unique on a page of several chapters. */
export function chapterHead({ prefix, name }: Chapter, id: string, title: string): SectionSpec {
  return {
    id: prefix + id,
    title: name === '' ? title : `${name}: ${title.charAt(0).toLowerCase()}${title.slice(1)}`,
  };
}

export function section({ id, title }: SectionSpec, ...content: readonly Html[]): Html {
  return html`<section id="${id}" aria-labelledby="${id}-heading">
    <h2 id="${id}-heading">${title}</h2>
    ${content}
  </section>`;
}

/** A chart in both sizes with its caption; a style rule shows the one that fits. */
export async function chartBlock(chart: Chart, caption: string): Promise<Html> {
  const wide = trustedHtml(await renderChart(chart, 'wide'));
  const narrow = trustedHtml(await renderChart(chart, 'narrow'));
  return html`<figure>
    <figcaption><b>${chart.title}.</b> ${caption}</figcaption>
    <div class="wide">${wide}</div>
    <div class="narrow">${narrow}</div>
  </figure>`;
}
