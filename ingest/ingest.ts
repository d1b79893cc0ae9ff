import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { countPatterns, type LabelPattern } from '../contracts/metrics';
import { fieldInLine, recordName, type RecordPlace } from '../contracts/records';
import type { Compared } from '../text/overlap';
import type { HeldOutCounts, NamedOverlap } from './held-out';
import { type ColumnMapping, columnsOf, joinedTexts, mapColumns } from './column-mapping';
import type { DialogueForm } from './messages';
import { trainingTexts } from './prompt-texts';
import { type ColumnsRead, ReadColumns } from './read-columns';
import { type Fields, readShape, type Shaped, type Texts } from './shapes';
import { readRecords } from './source';
import {
  type AnnotationRow,
  type DataKind,
  type FieldFault,
  type RowChecks,
  type RowAction,
  type RowFault,
  strictRowChecks,
} from './types';

export interface IngestOptions {
  readonly path: string;
  readonly kind: DataKind;
  readonly columnMapping?: ColumnMapping;
  /** Default: 'error' for each. */
  readonly rowChecks?: Partial<RowChecks>;
  /** Held-out prompts that no row may overlap: a file of {@link readHeldOut}, or the test items of tasks. */
  readonly overlaps?: readonly NamedOverlap[];
  /** Default: 'transcript'. */
  readonly dialogues?: DialogueForm;
}

export interface IngestSink {
  onRow?(row: AnnotationRow): void;
  onFault?(fault: RowFault): void;
}

/** Result of reading a file. */
export interface IngestSummary extends ColumnsRead {
  readonly kind: DataKind;
  /** Records read, usable or not. */
  readonly records: number;
  /** Rows that can be used. */
  readonly rows: number;
  /** Records with at least one fault. */
  readonly refused: number;
  /** Rows dropped by a check, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Repeated labels of the same answers: their number, how many agree, and items by their counts of labels. */
  readonly agreement: {
    readonly compared: number;
    readonly alike: number;
    readonly patterns: readonly LabelPattern[];
  };
  /** Sets of held-out prompts that the rows were compared with. */
  readonly heldOut: readonly HeldOutCounts[];
}

/** A record that can be read. */
interface Readable extends RecordPlace {
  readonly fields: Fields;
  readonly joined: readonly string[];
}

/** A check that a row failed. */
interface FailedCheck {
  readonly check: keyof RowChecks;
  readonly reason: string;
  readonly fault: FieldFault;
}

/** Twelve bytes: no collision is expected among a hundred million texts, and the set stays small. */
const hashOf = (texts: unknown): string =>
  createHash('sha256').update(JSON.stringify(texts).normalize('NFC')).digest().toString('base64', 0, 12);

const composed = (text: string): string => text.trim().normalize('NFC');

const isBlank = (value: string): boolean => value.trim() === '';

function emptyAnswers(texts: Texts): FailedCheck[] {
  const answers = Object.entries(texts).filter(([name]) => name !== 'prompt' && name !== 'label');
  return answers
    .filter(([, value]) => typeof value === 'string' && isBlank(value))
    .map(([field]) => ({
      check: 'emptyCompletions',
      reason: `empty ${field}`,
      fault: {
        field,
        reason: 'is empty',
        remedy:
          'Fill it in, remove the row, or drop such rows with --empty drop (rowChecks: { emptyCompletions: "drop" }).',
      },
    }));
}

function equalPair(texts: Texts): FailedCheck[] {
  if (!('chosen' in texts) || composed(texts.chosen) !== composed(texts.rejected)) return [];
  const remedy =
    'Remove the row, which prefers nothing, or drop such rows with --equal drop (rowChecks: { equalPairs: "drop" }).';
  return [
    {
      check: 'equalPairs',
      reason: 'chosen = rejected',
      fault: { field: 'rejected', reason: 'is the same text as chosen', remedy },
    },
  ];
}

/** The negative label, or a preference for the second text in sorted order. */
const secondLabel = 'second';

/** A row's label and the labelled item, the same for both orders of a pair. */
function labelled(texts: Texts): { what: unknown; label: string } {
  if ('label' in texts)
    return { what: [texts.prompt, texts.completion], label: texts.label ? 'first' : secondLabel };
  if (!('chosen' in texts)) return { what: [texts.prompt, texts.completion], label: '' };
  const { prompt, chosen, rejected } = texts;
  return { what: [prompt, ...[chosen, rejected].sort()], label: chosen < rejected ? 'first' : secondLabel };
}

/** Rows read so far: hashes with the line of their first occurrence. */
class SeenRows {
  readonly #lines = new Map<string, number>();
  readonly #labels = new Map<string, string>();
  /** Repeated labels by item: how many equal its first label, how many differ. There are two labels. */
  readonly #again = new Map<string, [like: number, unlike: number]>();

  get agreement(): IngestSummary['agreement'] {
    const counts = [...this.#again.entries()];
    const sum = (at: 0 | 1): number => counts.reduce((total, [, count]) => total + count[at], 0);
    const items = counts.map(([hash, [like, unlike]]) => {
      const both = [like + 1, unlike];
      return [this.#labels.get(hash) === secondLabel ? both.reverse() : both];
    });
    return { compared: sum(0) + sum(1), alike: sum(0), patterns: countPatterns(items) };
  }

  duplicateOf(texts: Texts, line: number): FailedCheck[] {
    this.#compareLabels(texts);
    const hash = hashOf(texts);
    const first = this.#lines.get(hash);
    if (first === undefined) {
      this.#lines.set(hash, line);
      return [];
    }
    const remedy =
      'Remove one of them, or drop repeats with --duplicates drop (rowChecks: { duplicates: "drop" }).';
    const fault = { field: 'the row', reason: `repeats line ${first}`, remedy };
    return [{ check: 'duplicates', reason: 'duplicate', fault }];
  }

  #compareLabels(texts: Texts): void {
    const { what, label } = labelled(texts);
    if (label === '') return;
    const hash = hashOf(what);
    const before = this.#labels.get(hash);
    if (before === undefined) this.#labels.set(hash, label);
    else {
      const counts = this.#again.get(hash) ?? [0, 0];
      counts[before === label ? 0 : 1] += 1;
      this.#again.set(hash, counts);
    }
  }
}

function overlapping({ by }: Compared, { name, found }: { name: string; found: string }): FailedCheck {
  const of = name === '' ? '' : ` of ${name}`;
  const field = by === 'n-grams' ? 'the answer' : 'prompt';
  const remedy = 'Remove the row, or drop such rows with --overlap drop (rowChecks: { overlaps: "drop" }).';
  const fault = { field, reason: `overlaps a held-out prompt${of} (${found})`, remedy };
  return { check: 'overlaps', reason: `held-out prompt${of}: ${found}`, fault };
}

/** Reads one file, row by row, with the state of the rows before. */
class Ingest {
  readonly #seen = new SeenRows();
  readonly #columns = new ReadColumns();
  readonly #rowChecks: RowChecks;
  readonly #overlaps: readonly NamedOverlap[];
  readonly #dropped: Record<string, number> = {};
  #records = 0;
  #rows = 0;
  #refused = 0;

  constructor(
    private readonly options: IngestOptions,
    private readonly sink: IngestSink,
  ) {
    this.#rowChecks = { ...strictRowChecks, ...options.rowChecks };
    this.#overlaps = options.overlaps ?? [];
  }

  #refuse({ line, nth }: RecordPlace, faults: readonly FieldFault[]): void {
    this.#refused += 1;
    for (const { field, ...fault } of faults)
      this.sink.onFault?.({ path: this.options.path, line, field: fieldInLine(field, nth), ...fault });
  }

  #overlapping({ fields, joined }: Readable, texts: Texts): FailedCheck[] {
    if (this.#overlaps.length === 0) return [];
    const compared = trainingTexts(fields, texts, joined);
    for (const { name, overlap } of this.#overlaps)
      for (const one of compared) {
        const found = overlap(one);
        if (found !== undefined) return [overlapping(one, { name, found })];
      }
    return [];
  }

  #drop(reason: string): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
  }

  #take(record: Readable, shaped: Shaped): void {
    if ('faults' in shaped) this.#refuse(record, shaped.faults);
    else if (!('tie' in shaped)) {
      this.#columns.add(shaped);
      this.#takeTexts(record, shaped.texts);
    } else if (this.#rowChecks.ties === 'drop') this.#drop('tie');
    else this.#refuse(record, [shaped.tie]);
  }

  #takeTexts(record: Readable, texts: Texts): void {
    const failed = [
      ...emptyAnswers(texts),
      ...equalPair(texts),
      ...this.#seen.duplicateOf(texts, record.line),
      ...this.#overlapping(record, texts),
    ];
    const failedWith = (action: RowAction): FailedCheck[] =>
      failed.filter(({ check }) => this.#rowChecks[check] === action);
    const [refused, dropped] = [failedWith('error'), failedWith('drop')];
    if (refused.length > 0) {
      this.#refuse(
        record,
        refused.map(({ fault }) => fault),
      );
      return;
    }
    const [first] = dropped;
    if (first !== undefined) {
      this.#drop(first.reason);
      return;
    }
    this.#rows += 1;
    this.sink.onRow?.({ id: `${basename(this.options.path)}-${recordName(record)}`, ...texts });
  }

  async run(): Promise<IngestSummary> {
    const { path, kind, columnMapping = {}, dialogues } = this.options;
    const remedy =
      'Write one record a line, each with the same fields, in the format of the file’s extension.';
    for await (const record of readRecords(path)) {
      this.#records += 1;
      if ('unreadable' in record) {
        this.#refuse(record, [{ field: 'the line', reason: record.unreadable, remedy }]);
        continue;
      }
      const fields = mapColumns(record.fields, columnMapping);
      const shaped = readShape(kind, fields, dialogues, columnsOf(columnMapping['unused']));
      const joined = joinedTexts(record.fields, columnMapping);
      this.#take({ ...record, fields, joined }, shaped);
    }
    if (this.#records === 0)
      this.#refuse({ line: 1 }, [{ field: 'the file', reason: 'holds no rows', remedy }]);
    const counts = { records: this.#records, rows: this.#rows, refused: this.#refused };
    const heldOut = this.#overlaps.map(({ overlap: _, ...compared }) => compared);
    const { agreement } = this.#seen;
    return { kind, ...counts, dropped: this.#dropped, agreement, heldOut, ...this.#columns.summary };
  }
}

/**
 * Reads a file of annotations in one pass, a record at a time. Usable rows and faults go to the sink at once, so memory
 * holds one hash per row.
 *
 * @throws BudgetlineError where the file as a whole cannot be read: INPUT_MISSING, IO_FAILED, DATA_INVALID, USAGE
 */
export function ingestFile(options: IngestOptions, sink: IngestSink = {}): Promise<IngestSummary> {
  return new Ingest(options, sink).run();
}
