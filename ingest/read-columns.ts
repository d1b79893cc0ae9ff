import type { Shaped, Texts } from './shapes';

/** What was read of a file's columns. */
export interface ColumnsRead {
  /** Layouts that rows were read in, with the fields that were read. */
  readonly layouts: readonly {
    readonly name: string;
    readonly fields: readonly string[];
    readonly rows: number;
  }[];
  /** Columns that no layout read, with the number of rows that have them. */
  readonly unused: Readonly<Record<string, number>>;
}

/** Layouts and columns of the rows so far. */
export class ReadColumns {
  readonly #layouts = new Map<string, { fields: Set<string>; rows: number }>();
  readonly #unused = new Map<string, number>();

  add({ layout, read, unused }: Extract<Shaped, { texts: Texts }>): void {
    const { fields, rows } = this.#layouts.get(layout) ?? { fields: new Set<string>(), rows: 0 };
    for (const name of read) fields.add(name);
    this.#layouts.set(layout, { fields, rows: rows + 1 });
    for (const name of unused) this.#unused.set(name, (this.#unused.get(name) ?? 0) + 1);
  }

  get summary(): ColumnsRead {
    const layouts = [...this.#layouts].map(([name, { fields, rows }]) => ({
      name,
      fields: [...fields],
      rows,
    }));
    return { layouts, unused: Object.fromEntries(this.#unused) };
  }
}
