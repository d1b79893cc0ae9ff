import { codeRoles, differingCode } from '../../core/code';
import type { PlannedStage } from '../../contracts/stage';
import type { SweepPlan } from '../../planning';
import type { Store } from '../../store';

/** Files and packages that changed since the stored stage was made, although the code's version did not. */
async function changedSince(store: Store, { kind, key, sources }: PlannedStage): Promise<string[]> {
  if (sources === undefined) return [];
  const then = (await store.get({ kind, key }))?.manifest.sources;
  if (then === undefined) return [];
  return codeRoles.flatMap((role) => differingCode(then[role], sources[role]));
}

/** Warns about stored stages whose code changed although its version did not. */
export async function warnOfKeptVersions(store: Store, { stages }: SweepPlan): Promise<string[]> {
  const changed = await Promise.all(stages.map(({ stage }) => changedSince(store, stage)));
  const concerned = changed.filter((names) => names.length > 0);
  const names = [...new Set(concerned.flat())].sort();
  if (names.length === 0) return [];
  return [
    `${names.join(', ')} changed, but the version of the code did not: ${concerned.length} of the stages in the store ` +
      'were made by the earlier code and are reused. Raise the version if the new code returns other results.',
  ];
}
