/** A place on axes, of a sweep or of a table of scores: axis → label of its value. Empty where there are none. */
export type Coordinates = Readonly<Record<string, string>>;

/** "annotator = clean, sft.lora.rank = 8", for people. */
export function describeCoordinates(coordinates: Coordinates = {}): string {
  return Object.entries(coordinates)
    .map(([axis, label]) => `${axis} = ${label}`)
    .join(', ');
}
