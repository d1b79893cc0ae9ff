import type { FieldDifference, RunDifferences, StageExplanation } from '../../audit';
import type { Ink } from './ink';
import { countOf, fit, wrap } from './text';

const longest = 70;

function renderField({ field, a, b }: FieldDifference, ink: Ink): string[] {
  const value = (text: string | null): string => fit(text ?? 'not there', longest);
  return [`  ${field}`, ink.faint(`    − ${value(a)}`), `    + ${value(b)}`];
}

/** What differs between two runs, section by section; sections without a difference in one line. */
export function renderDifferences(differences: RunDifferences, ink: Ink): string[] {
  const sections = Object.entries<readonly FieldDifference[]>(differences);
  const same = sections.flatMap(([name, fields]) => (fields.length === 0 ? [name] : []));
  const told = sections.flatMap(([name, fields]) =>
    fields.length === 0 ? [] : [ink.strong(name), ...fields.flatMap((field) => renderField(field, ink)), ''],
  );
  return [...told, ...(same.length === 0 ? [] : wrap(`The same in both: ${same.join(', ')}.`))];
}

/** Why a stage ran, and how it differs from the one most like it. */
export function renderExplanation(explanation: StageExplanation, ink: Ink): string[] {
  const { title, key, attempts, usedBy, nearest, differences } = explanation;
  const ran = attempts.map(({ at, experimentId, outcome }) => `  ${at}  ${outcome}, for ${experimentId}`);
  const users =
    usedBy.length === 0 ? 'Nobody has taken it from the store.' : `From the store: ${usedBy.join(', ')}.`;
  const alike =
    nearest === null
      ? 'It ran because the store had no stage of its kind.'
      : `It ran because the store had no stage of this key. Most like it is ${nearest.title} (${nearest.key.slice(0, 12)}), which differs in ${countOf(differences.length, 'field')}:`;
  return [
    ink.strong(`${title}  ${key}`),
    ...(ran.length === 0 ? ['  The ledger tells of no attempt.'] : ran),
    ...wrap(users),
    '',
    ...wrap(alike),
    ...differences.flatMap((difference) => renderField(difference, ink)),
  ];
}
