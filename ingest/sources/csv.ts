import type { SourceRecord } from '../../contracts/records';
import { BudgetlineError } from '../../core/failures';
import { maxLineLength } from '../../schemas/json-lines';
import { readLines, type ReadLine } from './lines';

type ParseCsv = (typeof import('csv-parse/sync'))['parse'];

/** Lines that hold one record: a quoted field may hold line breaks. */
interface RecordLines {
  readonly line: number;
  readonly text: string;
}

/** Records that are parsed in one call. */
const batchSize = 512;

const quotesIn = (text: string): number => {
  let count = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) count += 1;
  return count;
};

type Unreadable = Extract<ReadLine, { unreadable: string }>;

/** The cells of records, one list for each; undefined where the parser refuses one of them. */
function cellsOf(
  parse: ParseCsv,
  delimiter: string,
  records: readonly RecordLines[],
): readonly string[][] | undefined {
  try {
    const options = { delimiter, relax_column_count: true, skip_empty_lines: false } as const;
    const cells: string[][] = parse(records.map(({ text }) => text).join('\n'), options);
    return cells.length === records.length ? cells : undefined;
  } catch {
    return undefined;
  }
}

const strayQuote =
  'has a quote that is not closed, or one within a field: write "" for a quote, in a quoted field';

function recordOf(line: number, header: readonly string[], values: readonly string[]): SourceRecord {
  if (values.length !== header.length)
    return { line, unreadable: `has ${values.length} fields where the header has ${header.length}` };
  return { line, fields: Object.fromEntries(header.map((name, index) => [name, values[index]])) };
}

const delimiters = { ',': 'commas', '\t': 'tabs', ';': 'semicolons', '|': 'bars' } as const;

interface Header {
  readonly path: string;
  readonly line: number;
  readonly names: readonly string[];
}

/** @throws BudgetlineError DATA_INVALID for a name that occurs twice, and for other delimiters */
function assertHeader({ path, line, names }: Header): void {
  const refuse = (reason: string, remedy: string): never => {
    throw new BudgetlineError('DATA_INVALID', `${path}:${line}: the header ${reason}.`, { remedy });
  };
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) refuse(`names the column "${twice}" twice`, 'Rename one of the columns.');
  const other =
    names.length > 1 ? undefined : Object.entries(delimiters).find(([by]) => names[0]?.includes(by));
  if (other !== undefined)
    refuse(
      `is one column, "${names[0]}": its fields are delimited by ${other[1]}`,
      'Write commas between the fields, or tabs in a file that ends in .tsv.',
    );
}

/**
 * Gathers lines into records: a record ends at the first line after which its quotes are balanced. Where lines that a quote
 * joins are no record, the first of them is refused alone, and reading goes on with the second.
 */
class RecordGatherer {
  #lines: RecordLines[] = [];
  #quotes = 0;
  #length = 0;

  /** @param isRecord whether a text of several lines is one record */
  constructor(private readonly isRecord: (text: string) => boolean) {}

  *push(line: RecordLines): Generator<RecordLines | Unreadable> {
    this.#lines.push(line);
    this.#quotes += quotesIn(line.text);
    this.#length += line.text.length + 1;
    if (this.#quotes % 2 === 0) yield* this.#take();
    else if (this.#length > maxLineLength) yield* this.#refuseFirst();
  }

  *end(): Generator<RecordLines | Unreadable> {
    while (this.#lines.length > 0) yield* this.#refuseFirst();
  }

  *#take(): Generator<RecordLines | Unreadable> {
    const [{ line }] = this.#lines as [RecordLines];
    const text = this.#lines.map((each) => each.text).join('\n');
    if (this.#lines.length > 1 && !this.isRecord(text)) yield* this.#refuseFirst();
    else {
      this.#reset();
      yield { line, text };
    }
  }

  *#refuseFirst(): Generator<RecordLines | Unreadable> {
    const [first, ...rest] = this.#lines as [RecordLines, ...RecordLines[]];
    this.#reset();
    yield { line: first.line, unreadable: strayQuote };
    for (const line of rest) yield* this.push(line);
  }

  #reset(): void {
    this.#lines = [];
    this.#quotes = 0;
    this.#length = 0;
  }
}

/** Reads one file. */
class CsvFile {
  #header: readonly string[] | undefined;
  #batch: RecordLines[] = [];
  readonly #gatherer = new RecordGatherer((text) => this.#isRecord(text));

  constructor(
    private readonly path: string,
    private readonly parse: ParseCsv,
    private readonly delimiter: string,
  ) {}

  *take(lines: readonly ReadLine[]): Generator<SourceRecord> {
    for (const read of lines)
      if ('text' in read) yield* this.#takeAll(this.#gatherer.push(read));
      else {
        // A record cannot go on behind a line that is not text.
        yield* this.end();
        yield read;
      }
  }

  *end(): Generator<SourceRecord> {
    yield* this.#takeAll(this.#gatherer.end());
    yield* this.#flush();
  }

  *#takeAll(gathered: Iterable<RecordLines | Unreadable>): Generator<SourceRecord> {
    for (const one of gathered) {
      if ('unreadable' in one) {
        yield* this.#flush();
        yield one;
      } else if (one.text !== '' && this.#batch.push(one) === batchSize) yield* this.#flush();
    }
  }

  *#flush(): Generator<SourceRecord> {
    const records = this.#batch;
    this.#batch = [];
    if (records.length > 0) yield* this.#parsed(records);
  }

  *#parsed(records: readonly RecordLines[]): Generator<SourceRecord> {
    const cells = cellsOf(this.parse, this.delimiter, records);
    if (cells !== undefined) yield* records.flatMap(({ line }, at) => this.#take(line, cells[at]!));
    else if (records.length > 1) for (const one of records) yield* this.#parsed([one]);
    else for (const { line } of records) yield { line, unreadable: strayQuote };
  }

  #take(line: number, values: readonly string[]): SourceRecord[] {
    if (this.#header !== undefined) return [recordOf(line, this.#header, values)];
    assertHeader({ path: this.path, line, names: values });
    this.#header = values;
    return [];
  }

  /** A quote that is never closed joins rows, which then have too many cells. */
  #isRecord(text: string): boolean {
    const [cells] = cellsOf(this.parse, this.delimiter, [{ line: 0, text }]) ?? [];
    return cells !== undefined && (this.#header === undefined || cells.length === this.#header.length);
  }
}

/** Comma- or tab-separated values under a header. */
export const csvReader = (delimiter: string) =>
  async function* (path: string): AsyncGenerator<SourceRecord> {
    const { parse } = await import('csv-parse/sync');
    const file = new CsvFile(path, parse, delimiter);
    // Not "yield*", which waits once more for every record of a plain generator.
    for await (const lines of readLines(path)) for (const record of file.take(lines)) yield record;
    for (const record of file.end()) yield record;
  };
