import { codeRoles, differingCode } from '../../contracts/code';
import type { PlannedStage } from '../../contracts/stage';
import type { SweepPlan } from '../../planning';
import type { Store } from '../../store';

/** Files of the user's that have changed since a stage in the store was made, although their version has not. */
async function changedSince(store: Store, { kind, key, sources }: PlannedStage): Promise<string[]> {
  if (sources === undefined) return [];
  const then = (await store.readArtifact({ kind, key }))?.manifest.sources;
  if (then === undefined) return [];
  return codeRoles.flatMap((role) => differingCode(then[role], sources[role]));
}

/** Warnings of stages that the store has under a version that the user kept, made by other code. */
export async function warnOfKeptVersions(store: Store, { stages }: SweepPlan): Promise<string[]> {
  const changed = await Promise.all(stages.map(({ stage }) => changedSince(store, stage)));
  const concerned = changed.filter((names) => names.length > 0);
  const names = [...new Set(concerned.flat())].sort();
  if (names.length === 0) return [];
  return [
    `${names.join(', ')} changed and the version of the code did not: ${concerned.length} of the stages in the store ` +
      'were made by the earlier code and are taken as they are. Raise the version if it gives other results.',
  ];
}
