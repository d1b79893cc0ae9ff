/** Fields that a column mapping may name. */
export const rowFields = [
  ...['prompt', 'completion', 'chosen', 'rejected', 'label', 'messages', 'conversations'],
  ...['instruction', 'input', 'output', 'system', 'history', 'completions', 'ranks', 'scores'],
  ...['first', 'second', 'better', 'better_index', 'first_is_better', 'score_first', 'score_second'],
  ...['score_chosen', 'score_rejected', 'unused'],
] as const;

/** A message about a field that no layout has; undefined where all are known. */
export function unknownRowField(names: readonly string[]): string | undefined {
  const unknown = names.find((name) => !(rowFields as readonly string[]).includes(name));
  return unknown && `"${unknown}" is not a field of a row; the fields are ${rowFields.join(', ')}`;
}
