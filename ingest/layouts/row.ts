import type { FieldFault } from '../types';

export type Fields = Readonly<Record<string, unknown>>;

/** Ends the reading of a row that cannot be used; `isTie`: because neither answer is better. */
export class RowRefused extends Error {
  constructor(
    readonly fault: FieldFault,
    readonly isTie = false,
  ) {
    super(`${fault.field} ${fault.reason}`);
  }
}

/** @throws RowRefused */
export function refuse(field: string, reason: string, remedy: string): never {
  throw new RowRefused({ field, reason, remedy });
}

/** @throws RowRefused */
export function refuseTie(field: string, reason: string): never {
  const remedy =
    'Remove rows without a preference, or drop them with --ties drop (rowChecks: { ties: "drop" }).';
  throw new RowRefused({ field, reason, remedy }, true);
}

/** Whether a value says nothing as a text: null, blank, an empty list or object; Alpaca's "<noinput>". */
export function isBlank(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value === 'string') return /^(?:<noinput>)?$/i.test(value.trim());
  if (Array.isArray(value)) return value.length === 0;
  return Object.getPrototypeOf(value) === Object.prototype && Object.keys(value).length === 0;
}

/** Whether a value says nothing, also as JSON text, in which CSV has empty lists and objects. */
export const isAbsent = (value: unknown): boolean =>
  isBlank(value) || (typeof value === 'string' && /^(?:\[\s*\]|\{\s*\})$/.test(value.trim()));

/** "System Prompt", "systemPrompt" and "data.system_prompt" → "systemprompt". */
export const bareName = (name: string): string =>
  (name.split('.').at(-1) ?? '').toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** Fields of texts alone: "[]" is what the text says. */
const textFields = ['instruction', 'input', 'context', 'passage', 'document'];

/** The fields of a row, with a record of which a layout has read. */
export class Row {
  readonly #read = new Set<string>();
  readonly #nested = new Set<string>();

  constructor(
    private readonly fields: Fields,
    /** Columns that are left out on purpose. */
    readonly leftOut: readonly string[],
  ) {}

  get names(): string[] {
    return Object.keys(this.fields);
  }

  has(name: string): boolean {
    return this.fields[name] !== undefined && this.fields[name] !== null;
  }

  isFilled(name: string): boolean {
    const value = this.fields[name];
    return textFields.includes(bareName(name)) ? !isBlank(value) : !isAbsent(value);
  }

  /** A field's value without reading it. */
  peek(name: string): unknown {
    return this.fields[name];
  }

  take(name: string): unknown {
    this.#read.add(name);
    return this.fields[name];
  }

  /** A field that must be a text. */
  takeText(name: string): string {
    const value = this.take(name);
    if (typeof value === 'string') return value;
    return refuse(name, 'is not a text', 'Write a text, or map another column with --column-mapping.');
  }

  /** Notes a field inside of a column that no reader took. */
  noteUnread(path: string): void {
    this.#nested.add(path);
  }

  /** Fields that the layout has read and that say something. */
  get read(): string[] {
    return [...this.#read].filter((name) => this.isFilled(name));
  }

  /** Fields that say something and that no reader took. */
  get unread(): string[] {
    return this.names.filter((name) => !this.#read.has(name) && this.isFilled(name));
  }

  /** Fields inside of columns and turns that no reader took. */
  get unreadNested(): string[] {
    return [...this.#nested];
  }
}
