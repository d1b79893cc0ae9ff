import { resolve } from 'node:path';
import { readCode } from '../code';
import { loadUserMember } from '../code/load';
import { originOfExport, type UserCode } from '../contracts/code';
import { BudgetlineError } from '../contracts/failures';
import type { ResolvedLoss } from '../contracts/resolved';
import { describeLoss, isUserLoss } from '../losses/facts';
import { parseUserLoss, type PreferenceLoss } from '../schemas/losses';

/** A user's loss with the digests of its code. */
export interface PinnedLoss {
  readonly loss: ResolvedLoss;
  readonly code: UserCode | undefined;
}

async function loadExport(path: string, name: string): Promise<unknown> {
  try {
    return await loadUserMember(path, name);
  } catch (cause) {
    const { message } = cause as Error;
    throw new BudgetlineError(
      'DEFINITION_INVALID',
      `preference.loss: the export "${name}" of ${path} cannot be loaded: ${message}`,
      { details: { field: 'preference.loss', path, export: name }, cause },
    );
  }
}

/**
 * Loads and checks a user's loss; undefined for a built-in one.
 *
 * @throws BudgetlineError DEFINITION_INVALID with field, file and export
 */
export async function resolveLoss(loss: PreferenceLoss, baseDir: string): Promise<PinnedLoss | undefined> {
  if (!isUserLoss(loss)) return undefined;
  const path = resolve(baseDir, loss.module);
  const { rules, options } = parseUserLoss(await loadExport(path, loss.export), path, loss);
  return {
    loss: { path, options: { ...options }, facts: describeLoss(rules, { ...options, sftWeight: undefined }) },
    code: await readCode(originOfExport(path, loss.export)),
  };
}
