import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { countPatterns, type LabelPattern } from '../contracts/metrics';
import { overlapWith } from '../text/overlap';
import type { NamedOverlap } from './held-out';
import { type FieldMap, mapFields } from './map-fields';
import type { DialogueForm } from './messages';
import { readShape, type Texts } from './shapes';
import { readRecords } from './source';
import {
  type AnnotationRow,
  type DataKind,
  type FieldFault,
  type Policies,
  type Policy,
  type RowFault,
  strictPolicies,
} from './types';

export interface IngestOptions {
  readonly path: string;
  readonly kind: DataKind;
  readonly map?: FieldMap;
  /** All "refuse" unless told. */
  readonly policies?: Partial<Policies>;
  /** Prompts that no row's may be like: test items, or those of the other kind of rows. */
  readonly heldOut?: readonly string[];
  /** The same as a function, for prompts that are of more than one sort. */
  readonly apartFrom?: readonly NamedOverlap[];
  /** "whole" unless told. */
  readonly dialogues?: DialogueForm;
}

export interface IngestSink {
  onRow?(row: AnnotationRow): void;
  onFault?(fault: RowFault): void;
}

/** What a file came to. */
export interface IngestSummary {
  readonly kind: DataKind;
  /** Records read, usable or not. */
  readonly records: number;
  /** Rows that can be used. */
  readonly rows: number;
  /** Records with at least one fault. */
  readonly refused: number;
  /** Rows left out by a policy, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Where the same answers were labelled more than once: how often, how often alike, and by the counts of labels. */
  readonly agreement: {
    readonly compared: number;
    readonly alike: number;
    readonly patterns: readonly LabelPattern[];
  };
}

/** A finding that a policy decides about. */
interface Finding {
  readonly policy: keyof Policies;
  readonly reason: string;
  readonly fault: FieldFault;
}

/** Twelve bytes tell a hundred million texts apart, and a set of them stays small. */
const hashOf = (texts: unknown): string =>
  createHash('sha256').update(JSON.stringify(texts).normalize('NFC')).digest().toString('base64', 0, 12);

const composed = (text: string): string => text.trim().normalize('NFC');

const isBlank = (value: string): boolean => value.trim() === '';

function emptyAnswers(texts: Texts): Finding[] {
  const answers = Object.entries(texts).filter(([name]) => name !== 'prompt' && name !== 'label');
  return answers
    .filter(([, value]) => typeof value === 'string' && isBlank(value))
    .map(([field]) => ({
      policy: 'emptyCompletions',
      reason: `empty ${field}`,
      fault: {
        field,
        reason: 'is empty',
        remedy: 'Fill it in, remove the row, or drop such rows by --empty drop.',
      },
    }));
}

function equalPair(texts: Texts): Finding[] {
  if (!('chosen' in texts) || composed(texts.chosen) !== composed(texts.rejected)) return [];
  const remedy = 'Remove the row, or drop such rows by --equal drop: it prefers nothing.';
  return [
    {
      policy: 'equalPairs',
      reason: 'chosen = rejected',
      fault: { field: 'rejected', reason: 'is the same text as chosen', remedy },
    },
  ];
}

/** The other of two labels: not liked, or the second in the order of the texts is preferred. */
const secondLabel = 'second';

/** The label of an answer or a pair, and what is labelled whichever way round it stands. */
function labelled(texts: Texts): { what: unknown; label: string } {
  if ('label' in texts)
    return { what: [texts.prompt, texts.completion], label: texts.label ? 'first' : secondLabel };
  if (!('chosen' in texts)) return { what: [texts.prompt, texts.completion], label: '' };
  const { prompt, chosen, rejected } = texts;
  return { what: [prompt, ...[chosen, rejected].sort()], label: chosen < rejected ? 'first' : secondLabel };
}

/** What has been seen of a file so far: hashes, and where each stood first. */
class Memory {
  readonly #lines = new Map<string, number>();
  readonly #labels = new Map<string, string>();
  /** Of what was labelled again: how often like the first time, and how often otherwise. There are two labels. */
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

  duplicateOf(texts: Texts, line: number): Finding[] {
    this.#compareLabels(texts);
    const hash = hashOf(texts);
    const first = this.#lines.get(hash);
    if (first === undefined) {
      this.#lines.set(hash, line);
      return [];
    }
    const remedy = 'Remove one of them, or drop repeats by --duplicates drop.';
    const fault = { field: 'the row', reason: `repeats line ${first}`, remedy };
    return [{ policy: 'duplicates', reason: 'duplicate', fault }];
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

function overlapsOf({ heldOut = [], apartFrom = [] }: IngestOptions): readonly NamedOverlap[] {
  if (heldOut.length === 0) return apartFrom;
  return [{ name: '', overlap: overlapWith(heldOut.map((text) => ({ text }))) }, ...apartFrom];
}

/** Reads one file, row by row; a class because a row is judged by those before it. */
class Ingest {
  readonly #memory = new Memory();
  readonly #policies: Policies;
  readonly #overlaps: readonly NamedOverlap[];
  readonly #dropped: Record<string, number> = {};
  #records = 0;
  #rows = 0;
  #refused = 0;

  constructor(
    private readonly options: IngestOptions,
    private readonly sink: IngestSink,
  ) {
    this.#policies = { ...strictPolicies, ...options.policies };
    this.#overlaps = overlapsOf(options);
  }

  #refuse(line: number, faults: readonly FieldFault[]): void {
    this.#refused += 1;
    for (const fault of faults) this.sink.onFault?.({ path: this.options.path, line, ...fault });
  }

  #overlapping({ prompt }: Texts): Finding[] {
    for (const { name, overlap } of this.#overlaps) {
      const found = overlap({ text: prompt });
      if (found === undefined) continue;
      const of = name === '' ? '' : ` of ${name}`;
      const remedy = 'Remove the row, or drop such rows by --overlap drop.';
      const fault = { field: 'prompt', reason: `is like one${of} that is held out (${found})`, remedy };
      return [{ policy: 'overlaps', reason: `held-out prompt${of}: ${found}`, fault }];
    }
    return [];
  }

  #takeTexts(line: number, texts: Texts): void {
    const findings = [
      ...emptyAnswers(texts),
      ...equalPair(texts),
      ...this.#memory.duplicateOf(texts, line),
      ...this.#overlapping(texts),
    ];
    const has = (policy: Policy): Finding[] =>
      findings.filter((each) => this.#policies[each.policy] === policy);
    const [refused, dropped] = [has('error'), has('drop')];
    if (refused.length > 0) {
      this.#refuse(
        line,
        refused.map(({ fault }) => fault),
      );
      return;
    }
    const [first] = dropped;
    if (first !== undefined) {
      this.#dropped[first.reason] = (this.#dropped[first.reason] ?? 0) + 1;
      return;
    }
    this.#rows += 1;
    this.sink.onRow?.({ id: `${basename(this.options.path)}-${line}`, ...texts });
  }

  async run(): Promise<IngestSummary> {
    const { path, kind, map = {}, dialogues } = this.options;
    const whole =
      'Write one record a line, each with the same fields, in the format that the file’s name says.';
    for await (const record of readRecords(path)) {
      this.#records += 1;
      const { line } = record;
      if ('unreadable' in record) {
        this.#refuse(line, [{ field: 'the line', reason: record.unreadable, remedy: whole }]);
        continue;
      }
      const shaped = readShape(kind, mapFields(record.fields, map), dialogues);
      if ('faults' in shaped) this.#refuse(line, shaped.faults);
      else this.#takeTexts(line, shaped.texts);
    }
    if (this.#records === 0) this.#refuse(1, [{ field: 'the file', reason: 'holds no rows', remedy: whole }]);
    const counts = { records: this.#records, rows: this.#rows, refused: this.#refused };
    return { kind, ...counts, dropped: this.#dropped, agreement: this.#memory.agreement };
  }
}

/**
 * Reads a file of annotations in one pass, a record at a time: usable rows and faults go to the sink as they are met, so
 * that memory holds a hash a row and nothing more.
 *
 * @throws BudgetlineError where the file as a whole cannot be read: INPUT_MISSING, IO_FAILED, DATA_INVALID, USAGE
 */
export function ingestFile(options: IngestOptions, sink: IngestSink = {}): Promise<IngestSummary> {
  return new Ingest(options, sink).run();
}

/** The prompts of a file, for others to be held against; rows that cannot be read give none. */
export async function readPrompts(path: string, map: FieldMap = {}): Promise<string[]> {
  const prompts: string[] = [];
  for await (const record of readRecords(path)) {
    if ('unreadable' in record) continue;
    const { prompt, question } = mapFields(record.fields, map);
    const text = prompt ?? question;
    if (typeof text === 'string') prompts.push(text);
  }
  return prompts;
}
