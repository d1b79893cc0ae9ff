import { demonstrationLayouts } from './layouts/demonstrations';
import type { Layout, Texts } from './layouts/layout';
import { preferenceLayouts } from './layouts/preferences';
import { askingColumns } from './layouts/prompts';
import { type Fields, isAbsent, refuse, Row, RowRefused } from './layouts/row';
import { isNegative, labelFields, unpairedLayouts } from './layouts/unpaired';
import { checkUnread } from './layouts/unread';
import type { DialogueForm } from './messages';
import type { DataKind, FieldFault } from './types';

export type { Texts } from './layouts/layout';
export type { Fields } from './layouts/row';

/** A row's texts; or a tie between its answers; or why it cannot be used. */
export type Shaped =
  | {
      readonly texts: Texts;
      /** The layout's name. */
      readonly layout: string;
      /** Fields that were read. */
      readonly read: readonly string[];
      /** Fields that were not. */
      readonly unused: readonly string[];
    }
  | { readonly tie: FieldFault }
  | { readonly faults: readonly FieldFault[] };

const layouts: Readonly<Record<DataKind, readonly Layout[]>> = {
  demonstrations: demonstrationLayouts,
  preferences: preferenceLayouts,
  unpaired: unpairedLayouts,
};

/** The first field that a row of this kind lacks. */
function missingField(kind: DataKind, row: Row): string | undefined {
  if (kind === 'preferences') return ['chosen', 'rejected'].find((name) => !row.has(name));
  if (demonstrationLayouts.some((each) => each.fits(row))) return 'label';
  return [row.isFilled('instruction') ? 'output' : 'prompt', 'completion'].find((name) => !row.has(name));
}

const completions = ['answer', 'response', 'output', 'solution', 'target', 'completion'];

/** A mapping for columns of common names: "prompt=question,completion=answer". */
function suggestion(kind: DataKind, row: Row): string {
  const asked = row.isFilled('prompt') ? [] : askingColumns(row);
  const answer = completions.find((name) => row.isFilled(name));
  const pairs = [
    ...(asked.length === 0 ? [] : [`prompt=${asked.join('+')}`]),
    ...(answer === undefined || answer === 'completion' || kind === 'preferences'
      ? []
      : [`completion=${answer}`]),
  ];
  return pairs.length === 0 ? '' : `, e.g. --column-mapping ${pairs.join(',')}`;
}

function refuseLayout(kind: DataKind, row: Row): never {
  const filled = row.names.filter((name) => row.isFilled(name));
  if (filled.length === 1 && filled[0] === 'text')
    refuse(
      'text',
      'is one text without a prompt (TRL’s language modelling), which no stage learns',
      'Write the part to learn as "completion", and what comes before it as "prompt".',
    );
  if (kind !== 'preferences' && row.isFilled('completions'))
    refuse(
      'completions',
      'is a list of answers or of steps',
      'Write one answer in each row, as "completion"; steps of an answer are not learnt one by one.',
    );
  const field = missingField(kind, row) ?? 'the row';
  const wanted = [...new Set(layouts[kind].map((each) => each.fields))].join('; or ');
  const found = filled.length === 0 ? '' : ` The row has ${filled.join(', ')}.`;
  return refuse(
    field,
    'is missing',
    `Rows of ${kind} have ${wanted}.${found} Name other columns with --column-mapping${suggestion(kind, row)}.`,
  );
}

/** A demonstration that a label calls bad is not to be learnt. */
function refuseNegative(row: Row): void {
  const field = labelFields.find((name) => isNegative(row.peek(name)) && !row.leftOut.includes(name));
  if (field !== undefined)
    refuse(
      field,
      'says that the answer is not desirable',
      `Read the file with --kind unpaired, remove the row, or leave the column out: --column-mapping unused=${field}.`,
    );
}

function read(kind: DataKind, row: Row, form: DialogueForm): Shaped {
  const layout = layouts[kind].find((each) => each.fits(row)) ?? refuseLayout(kind, row);
  const texts = layout.read(row, form);
  if (kind === 'demonstrations') refuseNegative(row);
  if (isAbsent(texts.prompt)) refuse('prompt', 'is empty', 'Fill it in, or remove the row.');
  checkUnread(row);
  return { texts, layout: layout.name, read: row.read, unused: [...row.unread, ...row.unreadNested] };
}

/**
 * Reads one record in the first layout whose fields it has (docs/reference/rows.md has the table).
 *
 * @param leftOut fields that are left out on purpose
 */
export function readShape(
  kind: DataKind,
  fields: Fields,
  form: DialogueForm = 'transcript',
  leftOut: readonly string[] = [],
): Shaped {
  try {
    return read(kind, new Row(fields, leftOut), form);
  } catch (error) {
    if (!(error instanceof RowRefused)) throw error;
    return error.isTie ? { tie: error.fault } : { faults: [error.fault] };
  }
}
