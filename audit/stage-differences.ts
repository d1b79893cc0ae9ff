import type { ArtifactManifest } from '../schemas/artifact';
import type { StageKey } from '../contracts/stage';
import type { Store } from '../store';
import { compareFields, type FieldDifference } from './flatten';
import { findArtifact } from './run-files';

/** A stage's manifest, and the store in which its inputs' manifests lie. */
export interface PlacedManifest {
  readonly store: Store;
  readonly manifest: ArtifactManifest;
}

export async function readManifest(
  store: Store,
  key: StageKey | undefined,
): Promise<ArtifactManifest | undefined> {
  const id = await findArtifact(store, key);
  return id === undefined ? undefined : (await store.readArtifact(id))?.manifest;
}

const ingredients = ({ spec, revision, inputs }: ArtifactManifest): object => ({ spec, revision, inputs });

/** Compares two stages, and stages that they were made from, each pair once. */
class Comparison {
  readonly #seen = new Set<string>();

  async compare(a: PlacedManifest, b: PlacedManifest): Promise<FieldDifference[]> {
    const found: FieldDifference[] = [];
    for (const difference of compareFields(ingredients(a.manifest), ingredients(b.manifest)))
      found.push(...(await this.#follow(difference, a, b)));
    return found;
  }

  /** An input that differs is followed to the fields that made it differ. */
  async #follow(
    difference: FieldDifference,
    a: PlacedManifest,
    b: PlacedManifest,
  ): Promise<FieldDifference[]> {
    const name = /^inputs\.(.+)$/.exec(difference.field)?.[1];
    if (name === undefined) return [difference];
    const pair = `${a.manifest.inputs[name] ?? ''} ${b.manifest.inputs[name] ?? ''}`;
    if (this.#seen.has(pair)) return [];
    this.#seen.add(pair);
    const [one, other] = await Promise.all(
      [a, b].map(({ store, manifest }) => readManifest(store, manifest.inputs[name])),
    );
    if (one === undefined || other === undefined) return [named(difference, name, one, other)];
    const below = await this.compare({ ...a, manifest: one }, { ...b, manifest: other });
    return below.map(({ field, ...values }) => ({ field: `${name} › ${field}`, ...values }));
  }
}

/** An input that only one of them has, or that is no stage: by its title where it has one. */
function named(
  { a, b }: FieldDifference,
  name: string,
  one: ArtifactManifest | undefined,
  other: ArtifactManifest | undefined,
): FieldDifference {
  const title = (value: string | null, manifest: ArtifactManifest | undefined): string | null =>
    manifest === undefined ? value : `${manifest.title} (${manifest.key.slice(0, 12)})`;
  return { field: name, a: title(a, one), b: title(b, other) };
}

/** What makes two stages two: fields of their specs, and of the specs behind their inputs. */
export function compareStages(a: PlacedManifest, b: PlacedManifest): Promise<FieldDifference[]> {
  return new Comparison().compare(a, b);
}
