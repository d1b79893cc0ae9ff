import { resolve } from 'node:path';
import { readCode } from '../code';
import { loadUserMember } from '../code/load';
import { originOfExport, type UserCode } from '../core/code';
import type { ResolvedLoss } from '../contracts/resolved';
import { describeLoss, isUserLoss } from '../losses/facts';
import { parseUserLoss, type PreferenceLoss } from '../schemas/losses';
import { inField } from './in-field';

/** A user's loss with the digests of its code. */
export interface PinnedLoss {
  readonly loss: ResolvedLoss;
  readonly code: UserCode | undefined;
}

const load = (path: string, name: string): Promise<unknown> =>
  loadUserMember(path, name).catch((error: unknown) => {
    throw inField('preference.loss', error);
  });

/**
 * Loads and checks a user's loss; undefined for a built-in one.
 *
 * @throws BudgetlineError DEFINITION_INVALID with field, file and export
 */
export async function resolveLoss(loss: PreferenceLoss, baseDir: string): Promise<PinnedLoss | undefined> {
  if (!isUserLoss(loss)) return undefined;
  const path = resolve(baseDir, loss.module);
  const { rules, options } = parseUserLoss(await load(path, loss.export), path, loss);
  return {
    loss: { path, options: { ...options }, facts: describeLoss(rules, { ...options, sftWeight: undefined }) },
    code: await readCode(originOfExport(path, loss.export)),
  };
}
