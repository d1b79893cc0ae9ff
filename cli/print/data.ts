import type { AnnotationRow, IngestSummary, RowFault } from '../../ingest';
import { describeUnused } from '../../core/unused-columns';
import { visibleText } from '../../core/visible-text';
import type { Ink } from './ink';
import { formatCount, formatRate } from './numbers';
import { countOf } from './text';

function block(title: string, text: string, end: string): string[] {
  const lines = `${visibleText(text)}${end}`.split('\n');
  return [`  ${title}`, ...lines.map((line) => `    │${line}`)];
}

/** A row for annotators, each field as a block. */
export function renderFields(row: Readonly<Record<string, string>>, ink: Ink): string[] {
  const { id = '', ...shown } = row;
  return [
    ink.strong(visibleText(id)),
    ...Object.entries(shown).flatMap(([name, text]) => block(name, text, '')),
  ];
}

/** A row as the model sees it. The loss covers the answers, up to their end token, and not the prompt. */
export function renderPreview(row: AnnotationRow, ink: Ink): string[] {
  const { id, prompt } = row;
  const answers =
    'chosen' in row
      ? [...block('chosen', row.chosen, '⏎end'), ...block('rejected', row.rejected, '⏎end')]
      : block('label' in row ? `completion, label ${row.label}` : 'completion', row.completion, '⏎end');
  return [ink.strong(visibleText(id)), ...block('prompt', prompt, ''), ...answers, ''];
}

export function renderFaults(faults: readonly RowFault[], shown: number, ink: Ink): string[] {
  const lines = faults
    .slice(0, shown)
    .flatMap(({ path, line, field, reason, remedy }) => [
      ink.bad(`${path}:${line}: ${field} ${visibleText(reason)}`),
      `  ${remedy}`,
    ]);
  const more = faults.length - shown;
  return more > 0 ? [...lines, `… and ${more} more; --json prints all of them`] : lines;
}

/** "compared with 1,319 held-out prompts; 3 records of FILE have no prompt". */
function describeHeldOut(sets: IngestSummary['heldOut']): string[] {
  if (sets.length === 0) return [];
  const total = sets.reduce((sum, { prompts }) => sum + prompts, 0);
  const without = sets.flatMap(({ name, withoutPrompt: count }) =>
    count === 0 ? [] : [`; ${countOf(count, 'record')} of ${name} ${count === 1 ? 'has' : 'have'} no prompt`],
  );
  const unreadable = sets.flatMap(({ name, unreadable: { length } }) =>
    length === 0 ? [] : [`; ${countOf(length, 'record')} of ${name} cannot be read`],
  );
  return [`compared with ${countOf(total, 'held-out prompt')}${[...without, ...unreadable].join('')}`];
}

/** "3 dropped (duplicate)". */
export const describeDropped = (dropped: IngestSummary['dropped']): string[] =>
  Object.entries(dropped).map(([reason, count]) => `${formatCount(count)} dropped (${reason})`);

/** "read as: Alpaca (instruction, input, output), 999 rows". */
const describeLayouts = (layouts: IngestSummary['layouts']): string[] =>
  layouts.map(({ name, fields, rows }) =>
    visibleText(`read as: ${name} (${fields.join(', ')}), ${countOf(rows, 'row')}`),
  );

export function renderSummary(
  { kind, records, rows, refused, dropped, agreement, layouts, unused, heldOut }: IngestSummary,
  ink: Ink,
): string[] {
  const labels =
    agreement.compared === 0
      ? []
      : [
          `${countOf(agreement.compared, 'repeated label')}, ${formatRate(agreement.alike / agreement.compared)} agree`,
        ];
  return [
    ink.strong(
      [
        `${countOf(records, 'record')} of ${kind}: ${rows} usable, ${refused} refused`,
        ...describeDropped(dropped),
      ].join(', '),
    ),
    ...describeLayouts(layouts),
    ...describeUnused(unused).map(visibleText),
    ...labels,
    ...describeHeldOut(heldOut),
  ];
}
