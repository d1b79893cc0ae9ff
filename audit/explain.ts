import type { ArtifactManifest } from '../schemas/artifact';
import { codeRoles } from '../core/code';
import { BudgetlineError } from '../core/failures';
import type { StageKey } from '../contracts/stage';
import type { Store } from '../store';
import type { FieldDifference } from './flatten';
import { compareStages, readManifest } from './stage-differences';
import { describeAttempts } from './attempts';

/** Why a stage ran: how it differs from the most similar stage of its kind. */
export interface StageExplanation {
  readonly key: StageKey;
  readonly kind: string;
  readonly title: string;
  /** Start of each attempt. */
  readonly attempts: readonly {
    readonly at: string;
    readonly experimentId: string;
    readonly outcome: string;
    /** Failure code. */
    readonly code: string | null;
    /** US dollars that it paid for annotation; null if unknown. */
    readonly usd: number | null;
  }[];
  /** Experiments that reused it from the store. */
  readonly usedBy: readonly string[];
  /** null if the store has no other stage of this kind. */
  readonly nearest: { readonly key: StageKey; readonly title: string } | null;
  /** Field by field; `b` is the stage itself. A different input is replaced by the fields that made it differ. */
  readonly differences: readonly FieldDifference[];
}

const isOfCode = (field: string): boolean => codeRoles.some((role) => field.includes(`.code.${role}.`));

/** A stage that differs only in the user's code is nearer than one that differs in another field. */
async function findNearest(
  store: Store,
  manifest: ArtifactManifest,
): Promise<{ manifest: ArtifactManifest; differences: FieldDifference[] } | undefined> {
  const ids = (await store.list('')).filter(
    ({ kind, key }) => kind === manifest.kind && key !== manifest.key,
  );
  const others = (await Promise.all(ids.map(({ key }) => readManifest(store, key)))).filter(
    (other) => other !== undefined,
  );
  const compared = others.map(async (other) => {
    const differences = await compareStages({ store, manifest: other }, { store, manifest });
    return { manifest: other, differences };
  });
  const distance = ({ differences }: { differences: readonly FieldDifference[] }): [number, number] => [
    differences.filter(({ field }) => !isOfCode(field)).length,
    differences.length,
  ];
  return (await Promise.all(compared)).sort((a, b) => {
    const [[otherA, allA], [otherB, allB]] = [distance(a), distance(b)];
    return otherA - otherB || allA - allB;
  })[0];
}

async function resolveKey(store: Store, prefix: string): Promise<ArtifactManifest> {
  const found = await store.list(prefix);
  const [id, ...others] = found;
  const manifest = id === undefined || others.length > 0 ? undefined : await readManifest(store, id.key);
  if (manifest !== undefined) return manifest;
  const count = others.length > 0 ? `${found.length} stage keys begin` : 'No stage key begins';
  throw new BudgetlineError('INPUT_MISSING', `${count} with "${prefix}" in ${store.name}.`, {
    remedy: 'Use the full key, or more of its first digits; "budgetline plan --json" lists keys.',
  });
}

/** Experiments that used the stage, without the one that made it. */
async function usesOf(store: Store, { key, made }: ArtifactManifest): Promise<string[]> {
  const users = (await store.experiments()).map(async (id) => {
    const lines = await store.chain({ experiment: id }).read();
    const used = lines.some((line) => line.type === 'stage-recorded' && line.stage === key);
    return used && id !== made.experimentId ? [id] : [];
  });
  return (await Promise.all(users)).flat();
}

/**
 * Explains why a stage ran, and which experiments reused it.
 *
 * @param prefix the stage's key, or its first digits
 * @throws BudgetlineError INPUT_MISSING
 */
export async function explainStage(store: Store, prefix: string): Promise<StageExplanation> {
  const manifest = await resolveKey(store, prefix);
  const { key, kind, title } = manifest;
  const lines = await store.chain({ stage: key }).read();
  const attempts = describeAttempts(lines).map(({ startedAt: at, experimentId, outcome, code, usd }) => {
    return { at, experimentId, outcome, code, usd };
  });
  const nearest = await findNearest(store, manifest);
  return {
    key,
    kind,
    title,
    attempts,
    usedBy: await usesOf(store, manifest),
    nearest: nearest === undefined ? null : { key: nearest.manifest.key, title: nearest.manifest.title },
    differences: nearest?.differences ?? [],
  };
}
