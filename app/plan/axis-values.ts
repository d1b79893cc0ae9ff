import type { Coordinates } from '../../core/coordinates';

/** Where on the axes something holds: values by axis. Left out are axes at all of whose values it holds. */
export type AxisValues = Readonly<Record<string, readonly string[]>>;

/** Something that holds at a place on the axes. */
interface Placed<T> {
  readonly key: string;
  readonly value: T;
  /** Undefined: the sweep has no axes. */
  readonly place: Coordinates | undefined;
}

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

function axisValuesOf(places: readonly Coordinates[], all: readonly Coordinates[]): AxisValues {
  const labelsOf = (of: readonly Coordinates[], axis: string) => distinct(of.map((place) => place[axis]!));
  const axes = Object.keys(all[0] ?? {}).map((axis) => [axis, labelsOf(places, axis)] as const);
  return Object.fromEntries(axes.filter(([axis, labels]) => labels.length < labelsOf(all, axis).length));
}

/** The first value of each key, in their order, with the places of all. */
export function atAxisValues<T extends object>(
  placed: readonly Placed<T>[],
): (T & { readonly at: AxisValues })[] {
  const groups = new Map<string, { value: T; places: Coordinates[] }>();
  for (const { key, value, place = {} } of placed) {
    const group = groups.get(key) ?? { value, places: [] };
    group.places.push(place);
    groups.set(key, group);
  }
  const all = placed.map(({ place = {} }) => place);
  return [...groups.values()].map(({ value, places }) => ({ ...value, at: axisValuesOf(places, all) }));
}
