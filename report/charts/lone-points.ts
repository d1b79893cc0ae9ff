/** A line of one point is no line: it is drawn as a dot. `seriesOf` names the line that a value is of. */
export function lonePoints<Value>(values: readonly Value[], seriesOf: (value: Value) => string): Value[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(seriesOf(value), (counts.get(seriesOf(value)) ?? 0) + 1);
  return values.filter((value) => counts.get(seriesOf(value)) === 1);
}

/** The layer of such points, none where there are none. */
export function loneLayer(values: readonly object[], encoding: object): object[] {
  if (values.length === 0) return [];
  return [{ data: { values }, mark: { type: 'point', filled: true, size: 80, opacity: 1 }, encoding }];
}
