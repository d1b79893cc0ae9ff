/** Points of lines with one point, which are drawn as dots. `seriesOf` returns the line of a value. */
export function lonePoints<Value>(values: readonly Value[], seriesOf: (value: Value) => string): Value[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(seriesOf(value), (counts.get(seriesOf(value)) ?? 0) + 1);
  return values.filter((value) => counts.get(seriesOf(value)) === 1);
}

/** The layer of such points, if there are any. */
export function loneLayer(values: readonly object[], encoding: object): object[] {
  if (values.length === 0) return [];
  return [{ data: { values }, mark: { type: 'point', filled: true, size: 80, opacity: 1 }, encoding }];
}
