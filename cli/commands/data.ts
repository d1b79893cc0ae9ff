import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { BudgetlineError } from '../../core/failures';
import {
  type AnnotationRow,
  describeDataset,
  ingestFile,
  type IngestOptions,
  type IngestSummary,
  type RowChecks,
  readHeldOut,
  type RowFault,
} from '../../ingest';
import type { Lengths } from '../../definitions';
import { digestFile, writeOutputFolder } from '../../store';
import { loadDefinition } from '../../app/definition/load-definition';
import { renderFaults, renderPreview, renderSummary } from '../print/data';
import { countOf } from '../print/text';
import { createPrinter, printJson, type PrinterOptions } from '../printer';
import { refused } from '../../app/definition/refused-option';

export interface DataFlags extends PrinterOptions {
  readonly kind: IngestOptions['kind'];
  readonly columnMapping?: Record<string, string | string[]>;
  readonly heldOut?: string;
  readonly duplicates?: Policy;
  readonly empty?: Policy;
  readonly equal?: Policy;
  readonly overlap?: Policy;
  readonly ties?: Policy;
}

type Policy = 'error' | 'drop';

/** Maximum number of faults to print; --json prints all. */
const shownFaults = 20;

const rowChecksOf = ({ duplicates, empty, equal, overlap, ties }: DataFlags): RowChecks => ({
  duplicates: duplicates ?? 'error',
  emptyCompletions: empty ?? 'error',
  equalPairs: equal ?? 'error',
  overlaps: overlap ?? 'error',
  ties: ties ?? 'error',
});

/** Refuses policies that cannot apply to these rows. */
function assertUseful({ kind, equal, overlap, ties, heldOut }: DataFlags, definition?: string): void {
  for (const [option, value] of Object.entries({ '--equal': equal, '--ties': ties }))
    if (value !== undefined && kind !== 'preferences')
      throw refused(option, `${kind} are not pairs of answers`, `Omit ${option}, or use --kind preferences.`);
  if (overlap !== undefined && heldOut === undefined && definition === undefined)
    throw refused('--overlap', 'there are no held-out prompts', 'Add --held-out FILE.');
}

/** Refuses options for a file that the definition configures. */
function assertNotConfigured({ columnMapping, duplicates, empty, equal, overlap, ties }: DataFlags): void {
  const options = {
    '--column-mapping': columnMapping,
    '--duplicates': duplicates,
    '--empty': empty,
    '--equal': equal,
    '--overlap': overlap,
    '--ties': ties,
  };
  const [option] = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (option !== undefined)
    throw refused(
      option,
      'the definition sets how this file is read',
      `Omit ${option}, or change the annotations in the definition.`,
    );
}

async function optionsOf(path: string, flags: DataFlags): Promise<IngestOptions> {
  const { kind, columnMapping, heldOut } = flags;
  return {
    path,
    kind,
    columnMapping,
    rowChecks: rowChecksOf(flags),
    overlaps: heldOut === undefined ? [] : [await readHeldOut(heldOut)],
  };
}

/** Rows and summary of a previewed file. */
interface Previewed {
  readonly rows: AnnotationRow[];
  readonly summary: IngestSummary;
  /** Of a definition's rows: those that are too long for training. */
  readonly lengths?: Lengths;
}

/** @throws BudgetlineError DATA_INVALID if rows are invalid, after printing them */
function show(
  path: string,
  flags: DataFlags,
  { summary, faults, rows, lengths }: Previewed & { faults: RowFault[] },
): void {
  const printer = createPrinter(flags);
  const unreadable = summary.heldOut.flatMap((set) => set.unreadable);
  printer.print([
    ...rows.flatMap((row) => renderPreview(row, printer.ink)),
    ...renderFaults(faults, shownFaults, printer.ink),
    ...renderFaults(unreadable, shownFaults, printer.ink),
    ...renderSummary(summary, printer.ink),
    ...(lengths?.warnings ?? []).map(printer.ink.doubtful),
  ]);
  if (flags.json === true) printJson({ ...summary, preview: rows, faults, long: lengths?.long });
  if (faults.length > 0)
    throw new BudgetlineError(
      'DATA_INVALID',
      `${path}: ${countOf(summary.refused, 'record')} cannot be used.`,
      {
        remedy: 'Correct the records at the lines above, or let a policy drop them: see --help.',
      },
    );
}

export interface PreviewFlags extends DataFlags {
  /** Number of rows to print. */
  readonly rows: number;
  readonly definition?: string;
}

type OnFault = (fault: RowFault) => void;

/** Reads rows without a definition, one at a time. */
async function readBare(path: string, flags: PreviewFlags, onFault: OnFault): Promise<Previewed> {
  const rows: AnnotationRow[] = [];
  const onRow = (row: AnnotationRow): void => {
    if (rows.length < flags.rows) rows.push(row);
  };
  return { rows, summary: await ingestFile(await optionsOf(path, flags), { onRow, onFault }) };
}

/** Reads rows with prompts formatted by the definition's task. */
async function readFramed(
  path: string,
  { flags, file }: { flags: PreviewFlags; file: string },
  onFault: OnFault,
): Promise<Previewed> {
  const { definition, tasks } = await loadDefinition(file);
  const { previewUserRows, readingOfFile } = await import('../../definitions/index.js');
  const { builtInTasks } = await import('../../workers/index.js');
  const { kind, columnMapping = {} } = flags;
  if (readingOfFile(definition, { path, kind }) !== undefined) assertNotConfigured(flags);
  const rowChecks = { ...rowChecksOf(flags), verifierMismatches: 'count' } as const;
  const { rows, summary, lengths } = await previewUserRows(definition, {
    tasks: [...tasks, ...builtInTasks],
    path,
    onFault,
    fallback: { kind, columnMapping, rowChecks, applyTaskTemplate: true },
  });
  return { summary, lengths, rows: rows.slice(0, flags.rows).map(({ row }) => row) };
}

/** `budgetline data preview FILE`: prints the first rows as the model sees them, and every fault. */
export async function previewCommand(path: string, flags: PreviewFlags): Promise<void> {
  const faults: RowFault[] = [];
  const onFault: OnFault = (fault) => faults.push(fault);
  const { definition: file } = flags;
  assertUseful(flags, file);
  const previewed =
    file === undefined
      ? await readBare(path, flags, onFault)
      : await readFramed(path, { flags, file }, onFault);
  show(path, flags, { ...previewed, faults });
}

export interface ImportFlags extends DataFlags {
  readonly out: string;
  readonly source: string;
  readonly license: string;
  readonly annotator: string;
  readonly model?: string;
  readonly promptTemplate?: string;
  readonly usdPerRow?: number;
}

async function provenanceOf(path: string, flags: ImportFlags) {
  const { source, license, annotator, model, promptTemplate, usdPerRow } = flags;
  const template = promptTemplate === undefined ? undefined : await readFile(promptTemplate);
  return {
    name: path.replace(/^.*[\\/]/, ''),
    source,
    license,
    annotator,
    model,
    promptTemplateSha256: template && createHash('sha256').update(template).digest('hex'),
    usdPerRow,
  };
}

/**
 * `budgetline data import FILE --out FOLDER`: writes rows.jsonl in the format of stages, and croissant.json with the
 * provenance. Writes nothing if a row is invalid.
 */
export async function importCommand(path: string, flags: ImportFlags): Promise<void> {
  assertUseful(flags);
  const summary = await writeOutputFolder(flags.out, async (folder) => {
    const faults: RowFault[] = [];
    const file = join(folder, 'rows.jsonl');
    const stream = createWriteStream(file);
    const found = await ingestFile(await optionsOf(path, flags), {
      onRow: (row) => stream.write(`${JSON.stringify(row)}\n`),
      onFault: (fault) => faults.push(fault),
    });
    stream.end();
    await finished(stream);
    if (faults.length > 0) show(path, flags, { summary: found, faults, rows: [] });
    const { size: bytes } = await stat(file);
    const described = { name: 'rows.jsonl', sha256: await digestFile(file), bytes, kind: flags.kind };
    const dataset = describeDataset(await provenanceOf(path, flags), described);
    await writeFile(join(folder, 'croissant.json'), `${JSON.stringify(dataset, null, 2)}\n`);
    return found;
  });
  show(path, flags, { summary, faults: [], rows: [] });
}
