import stringWidth from 'string-width';
import { padLeft, padRight } from './text';

/** Text of a cell, and the colour that is applied after alignment. */
export interface TableCell {
  readonly text: string;
  readonly ink?: (text: string) => string;
}

export interface TableColumn {
  readonly title: string;
  /** Align right, for numbers. */
  readonly right?: boolean;
}

export interface TableOptions {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly TableCell[])[];
  readonly indent?: string;
  /** Ink of the titles. */
  readonly head?: (text: string) => string;
}

const gap = '  ';

function renderRow(
  cells: readonly TableCell[],
  columns: readonly TableColumn[],
  widths: readonly number[],
): string {
  const rendered = columns.map(({ right = false }, index) => {
    const { text, ink } = cells[index] ?? { text: '' };
    const padded = (right ? padLeft : padRight)(text, widths[index] ?? 0);
    // Padding stays uncoloured, so that line ends can be trimmed.
    return ink === undefined || text === '' ? padded : padded.replace(text, () => ink(text));
  });
  return rendered.join(gap).trimEnd();
}

/** A table with aligned columns. */
export function renderTable({ columns, rows, indent = '  ', head }: TableOptions): string[] {
  const titles = columns.map(({ title }) => ({ text: title, ink: head }));
  const lines = [titles, ...rows];
  const widths = columns.map((_, index) =>
    Math.max(...lines.map((row) => stringWidth(row[index]?.text ?? ''))),
  );
  return lines.map((row) => indent + renderRow(row, columns, widths));
}
