import { type Judged, missing } from './layout';
import { numberOf } from './numbers';
import { refuse, refuseTie, type Row } from './row';

export const completionsField = 'completions';

/** CSV cells hold lists as JSON text. */
export function takeList(row: Row, field: string): unknown[] {
  const value = row.take(field);
  if (Array.isArray(value)) return value as unknown[];
  try {
    const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : undefined;
    if (Array.isArray(parsed)) return parsed as unknown[];
  } catch {
    // Refused below.
  }
  return refuse(field, 'is not a list', 'Write a JSON list.');
}

/** Numbers of the completions, higher for better ones. */
function meritsOf(row: Row, field: 'ranks' | 'scores', count: number): number[] {
  const numbers = takeList(row, field).map((value, index) => numberOf(`${field}[${index}]`, value));
  if (numbers.length !== count)
    refuse(
      field,
      `has ${numbers.length} numbers for ${count} completions`,
      `Give each completion a ${field.slice(0, -1)}.`,
    );
  return field === 'ranks' ? numbers.map((rank) => -rank) : numbers;
}

function meritFields(row: Row): ['ranks' | 'scores', ...('ranks' | 'scores')[]] {
  const [first, ...others] = (['ranks', 'scores'] as const).filter((name) => row.isFilled(name));
  if (first !== undefined) return [first, ...others];
  if (row.isFilled('labels'))
    refuse(
      'labels',
      'labels steps of one answer (TRL’s stepwise supervision), which no stage learns',
      'Write whole answers: "chosen" and "rejected", or --kind unpaired with "completion" and "label".',
    );
  return missing(
    'ranks',
    'Add "ranks" (1 is best) or "scores" (the highest is best), or name their column with --column-mapping.',
  );
}

/** The best completion against the worst: the pair that a ranking is surest about. */
export function readRanked(row: Row): Judged {
  const completions = takeList(row, completionsField);
  if (completions.length < 2)
    refuse(completionsField, 'has fewer than 2 entries', 'Remove the row: one answer is no preference.');
  const [field, ...others] = meritFields(row);
  const merits = meritsOf(row, field, completions.length);
  const [high, low] = [Math.max(...merits), Math.min(...merits)];
  if (high === low) refuseTie(field, 'prefers none of the completions');
  const [best, worst] = [merits.indexOf(high), merits.lastIndexOf(low)];
  for (const other of others) {
    const again = meritsOf(row, other, completions.length);
    if (!(again[best]! > again[worst]!))
      refuse(other, `contradicts "${field}"`, 'Correct or remove the row.');
  }
  const at = (index: number) => ({ field: `completions[${index}]`, value: completions[index] });
  return { chosen: at(best), rejected: at(worst) };
}
