/** Changes that a later version of the package may make to stages: none of them is another row. */
import { createRandom } from '../../../core/random';
import type { StageSpec } from '../../../contracts/stage';
import { stageKinds } from '../../../stages';
import type { FirstForm } from '../../../stages/first-form';

type Spec = StageSpec & Readonly<Record<string, unknown>>;

/** Fields that other stages' plans do not read, so that they can be renamed without changing these. */
const renamable = {
  synthesizeData: ['poolSeed', 'seed', 'fileDigests'],
  trainSft: ['dtype', 'seed'],
  freezeReference: [],
  trainPreference: ['dtype', 'seed'],
  evaluate: [],
} as const satisfies Record<keyof typeof stageKinds, readonly string[]>;
type Kind = keyof typeof renamable;

/** What a version changes in one kind. */
interface KindChange {
  /** Added to the revision. */
  readonly raised: number;
  readonly renamed: readonly string[];
  /** Whether the spec has a further field, with its default value. */
  readonly added: boolean;
  readonly reversed: boolean;
}
export type Version = Readonly<Record<Kind, KindChange>>;

/** A version by its number; at least one kind has a change. */
export function laterVersion(number: number): Version {
  const random = createRandom('later version', number);
  const changeOf = (fields: readonly string[]): KindChange => ({
    raised: Math.floor(random() * 3),
    renamed: fields.filter(() => random() < 0.5),
    added: random() < 0.5,
    reversed: random() < 0.5,
  });
  const changes = Object.entries(renamable).map(([kind, fields]) => [kind, changeOf(fields)] as const);
  const version = Object.fromEntries(changes) as Version;
  const data = version.synthesizeData;
  return { ...version, synthesizeData: { ...data, raised: Math.max(1, data.raised) } };
}

const later = (name: string): string => `${name}Later`;

function changeSpec(spec: StageSpec, { renamed, added, reversed }: KindChange): Spec {
  const fields = Object.entries(spec).map(([name, value]): [string, unknown] => [
    renamed.includes(name) ? later(name) : name,
    value,
  ]);
  if (added) fields.push(['temperatureDecay', 0]);
  return Object.fromEntries(reversed ? fields.reverse() : fields) as unknown as Spec;
}

/** What the version's author writes next to the change. */
export function specBefore(spec: StageSpec, { renamed, added }: KindChange): StageSpec {
  const { temperatureDecay, ...fields } = spec as Spec;
  const names = new Map(renamed.map((name) => [later(name), name]));
  const before = Object.entries(fields).map(([name, value]) => [names.get(name) ?? name, value] as const);
  const kept = added || temperatureDecay === undefined ? {} : { temperatureDecay };
  return { ...Object.fromEntries(before), ...kept } as unknown as StageSpec;
}

/** The kind's first form, from a spec with the version's changes. */
const laterFirst = (first: FirstForm, change: KindChange): FirstForm => ({
  ...first,
  spec(spec) {
    const before = specBefore(spec, change);
    return first.spec?.(before) ?? before;
  },
});

/** Plans as a later version does. */
export async function asVersion<T>(version: Version, plan: () => Promise<T>): Promise<T> {
  const kinds = stageKinds as unknown as Record<Kind, Record<string, (...of: never[]) => unknown>>;
  const before = Object.entries(kinds).map(([kind, rules]) => [kind as Kind, { ...rules }] as const);
  for (const [kind, { plan: planned, revision, first }] of before) {
    const change = version[kind];
    Object.assign(kinds[kind], {
      plan: (context: never, { after, ...call }: { after?: { spec: StageSpec } }) => {
        // The version's own plan reads its own names.
        const readable = after && { ...after, spec: specBefore(after.spec, change) };
        const parts = planned!(context, { ...call, after: readable } as never) as { spec: StageSpec };
        return { ...parts, spec: changeSpec(parts.spec, change) };
      },
      revision: (...of: never[]) => (revision!(...of) as number) + change.raised,
      first: laterFirst(first as unknown as FirstForm, change),
    });
  }
  try {
    return await plan();
  } finally {
    for (const [kind, rules] of before) Object.assign(kinds[kind], rules);
  }
}
