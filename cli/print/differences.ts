import type { CellDifference, FieldDifference, RunDifferences, StageExplanation } from '../../audit';
import type { Ink } from './ink';
import { formatScore, formatSigned, formatUsd } from './numbers';
import { countOf, fit, joinList, padRight, wrap } from './text';

const longest = 84;
const timeOf = (time: string): string => time.slice(0, 19).replace('T', ' ');

/** A value on one line: digests shortened, texts without quotation marks. */
function showValue(text: string | null): string {
  if (text === null) return 'absent';
  return fit(text.replaceAll(/\b([0-9a-f]{12})[0-9a-f]{28,52}\b/g, '$1…').replace(/^"(.*)"$/, '$1'), longest);
}

export function renderField({ field, a, b }: FieldDifference, ink: Ink, indent = '  '): string[] {
  return [
    ...wrap(field, { first: indent }),
    `${indent}  ${ink.faint('A')} ${showValue(a)}`,
    `${indent}  ${ink.faint('B')} ${showValue(b)}`,
  ];
}

function reasonOf({ cause, firstDifferentStage, differences }: CellDifference): string {
  if (cause === null) return 'Every stage is identical, but the score differs. This should not happen.';
  const where = `The first stage that differs is “${firstDifferentStage ?? ''}”`;
  if (cause === 'settings') return `${where}. Settings that differ:`;
  return differences.length > 0
    ? `${where}: same key, different bytes. The environment differs in:`
    : `${where}: same key, different bytes, though the recorded environment is identical.`;
}

function renderCell(difference: CellDifference, ink: Ink): string[] {
  const { cell, scoreA, scoreB, differences } = difference;
  const moved = scoreA === scoreB ? 'no difference' : formatSigned(scoreB - scoreA);
  return [
    `  ${ink.strong(cell)}: ${formatScore(scoreA)} in A, ${formatScore(scoreB)} in B, ${moved}`,
    ...wrap(reasonOf(difference), { first: '    ' }),
    ...differences.flatMap((field) => renderField(field, ink, '      ')),
  ];
}

function renderCells({ cells, sameCells, onlyA, onlyB }: RunDifferences, ink: Ink): string[] {
  const only = (run: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : wrap(`Only in ${run}: ${names.join('; ')}.`, { first: '  ' });
  const same =
    sameCells === 0 ? [] : [`  ${countOf(sameCells, 'cell')} identical in both runs, bytes and score.`];
  return [
    ink.strong('Scores'),
    ...cells.flatMap((cell) => renderCell(cell, ink)),
    ...[...same, ...only('A', onlyA), ...only('B', onlyB)],
    ...(cells.length + sameCells === 0 ? ['  The runs have no cell in common.'] : []),
    '',
  ];
}

const sections = {
  definition: 'Definition',
  data: 'Data',
  model: 'Base model',
  code: 'Code',
  environment: 'Environment',
} as const;

/** What differs between two runs: scores with the reason first, then section by section. */
export function renderDifferences(differences: RunDifferences, ink: Ink): string[] {
  const names = Object.keys(sections) as (keyof typeof sections)[];
  const same = names.filter((name) => differences[name].length === 0);
  const sectionLines = names.flatMap((name) =>
    differences[name].length === 0
      ? []
      : [ink.strong(sections[name]), ...differences[name].flatMap((field) => renderField(field, ink)), ''],
  );
  const { a, b } = differences;
  return [
    `${ink.faint('A')} ${a.experimentId}, opened ${timeOf(a.openedAt)}`,
    `${ink.faint('B')} ${b.experimentId}, opened ${timeOf(b.openedAt)}`,
    '',
    ...renderCells(differences, ink),
    ...sectionLines,
    ...(same.length === 0 ? [] : wrap(`Identical in both: ${joinList(same)}.`)),
  ];
}

function whyItRan({ nearest, differences }: StageExplanation): string {
  if (nearest === null) return 'It ran because the store had no stage of this kind.';
  const { title, key } = nearest;
  return `It ran because the store had no stage of this key. The most similar stage is “${title}” (${key.slice(0, 12)}), A below; this one is B. They differ in ${countOf(differences.length, 'field')}:`;
}

/** Why a stage ran, and how it differs from the most similar one. */
export function renderExplanation(explanation: StageExplanation, ink: Ink): string[] {
  const { title, key, attempts, usedBy, differences } = explanation;
  const ran = attempts.map(
    ({ at, experimentId, outcome, code, usd }) =>
      `  ${timeOf(at)}  ${padRight(outcome, 9)}  for ${experimentId}${code === null ? '' : `, ${code}`}${usd === null || usd === 0 ? '' : `, paid ${formatUsd(usd)}`}`,
  );
  const users = usedBy.length === 0 ? 'No other run has reused it.' : `Reused by ${usedBy.join(', ')}.`;
  return [
    ink.strong(title),
    ink.faint(key),
    ...(ran.length === 0 ? ['  The ledger has no attempt.'] : ran),
    ...wrap(users),
    '',
    ...wrap(whyItRan(explanation)),
    ...differences.flatMap((difference) => renderField(difference, ink)),
  ];
}
