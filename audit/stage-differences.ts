import type { ArtifactManifest } from '../schemas/artifact';
import type { StageKey } from '../contracts/stage';
import type { Store } from '../store';
import { compareFields, type FieldDifference } from './flatten';
import { findArtifact } from './run-files';

/** A stage's manifest, and the store with the manifests of its inputs. */
export interface LocatedManifest {
  readonly store: Store;
  readonly manifest: ArtifactManifest;
}

export async function readManifest(
  store: Store,
  key: StageKey | undefined,
): Promise<ArtifactManifest | undefined> {
  const id = await findArtifact(store, key);
  return id === undefined ? undefined : (await store.get(id))?.manifest;
}

const keyParts = ({ spec, revision, inputs }: ArtifactManifest): object => ({ spec, revision, inputs });

/** Compares two stages and, recursively, their inputs; each pair once. */
class Comparison {
  readonly #seen = new Set<string>();

  async compare(a: LocatedManifest, b: LocatedManifest): Promise<FieldDifference[]> {
    const found: FieldDifference[] = [];
    for (const difference of compareFields(keyParts(a.manifest), keyParts(b.manifest)))
      found.push(...(await this.#follow(difference, a, b)));
    return found;
  }

  /** Replaces a different input by the fields that made it differ. */
  async #follow(
    difference: FieldDifference,
    a: LocatedManifest,
    b: LocatedManifest,
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

/** An input that only one side has, or that is not a stage: shown by title if it has one. */
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

/** Fields that differ between two stages: in their specs, and in the specs of their inputs. */
export function compareStages(a: LocatedManifest, b: LocatedManifest): Promise<FieldDifference[]> {
  return new Comparison().compare(a, b);
}
