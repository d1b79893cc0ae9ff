/** "not used: id, source (999 rows); note (3 rows)", from the number of rows that have each column; empty for none. */
export function describeUnused(unused: Readonly<Record<string, number>>): string[] {
  const byCount = new Map<number, string[]>();
  for (const [name, count] of Object.entries(unused))
    byCount.set(count, [...(byCount.get(count) ?? []), name.trim() === '' ? '(no name)' : name]);
  if (byCount.size === 0) return [];
  const parts = [...byCount].map(
    ([count, names]) => `${names.join(', ')} (${count} ${count === 1 ? 'row' : 'rows'})`,
  );
  return [`not used: ${parts.join('; ')}`];
}
