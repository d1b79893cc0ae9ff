/** A place on the axes of a sweep or of a table of scores: axis → label of its value. Empty without axes. */
export type Coordinates = Readonly<Record<string, string>>;

/** "annotator = clean, sft.lora.rank = 8", for display. */
export function describeCoordinates(coordinates: Coordinates = {}): string {
  return Object.entries(coordinates)
    .map(([axis, label]) => `${axis} = ${label}`)
    .join(', ');
}
