import type { AnnotationRow, IngestSummary, RowFault } from '../../ingest';
import type { Ink } from './ink';
import { formatRate } from './numbers';
import { countOf } from './text';

/** Control characters and what would move a terminal's cursor, spelt out: rows are foreign text. */
function visible(text: string): string {
  return text.replace(
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function block(title: string, text: string, end: string): string[] {
  const lines = `${visible(text)}${end}`.split('\n');
  return [`  ${title}`, ...lines.map((line) => `    │${line}`)];
}

/** What somebody is shown, a field a block. */
export function renderFields(row: Readonly<Record<string, string>>, ink: Ink): string[] {
  const { id = '', ...shown } = row;
  return [ink.strong(visible(id)), ...Object.entries(shown).flatMap(([name, text]) => block(name, text, ''))];
}

/** A row as the model sees it: the prompt, unsupervised; each answer, supervised up to its end. */
export function renderPreview(row: AnnotationRow, ink: Ink): string[] {
  const { id, prompt } = row;
  const answers =
    'chosen' in row
      ? [...block('chosen', row.chosen, '⏎end'), ...block('rejected', row.rejected, '⏎end')]
      : block(
          'label' in row ? `completion, ${row.label ? 'liked' : 'not liked'}` : 'completion',
          row.completion,
          '⏎end',
        );
  return [ink.strong(visible(id)), ...block('prompt', prompt, ''), ...answers, ''];
}

export function renderFaults(faults: readonly RowFault[], shown: number, ink: Ink): string[] {
  const lines = faults
    .slice(0, shown)
    .flatMap(({ path, line, field, reason, remedy }) => [
      ink.bad(`${path}:${line}: ${field} ${visible(reason)}`),
      `  ${remedy}`,
    ]);
  const more = faults.length - shown;
  return more > 0 ? [...lines, `… and ${more} more; --json prints them all`] : lines;
}

export function renderSummary(
  { kind, records, rows, refused, dropped, agreement }: IngestSummary,
  ink: Ink,
): string[] {
  const left = Object.entries(dropped).map(([reason, count]) => `, ${count} dropped (${reason})`);
  const labels =
    agreement.compared === 0
      ? []
      : [
          `${countOf(agreement.compared, 'repeated label')}, ${formatRate(agreement.alike / agreement.compared)} alike`,
        ];
  return [
    ink.strong(
      `${countOf(records, 'record')} of ${kind}: ${rows} usable, ${refused} refused${left.join('')}`,
    ),
    ...labels,
  ];
}
