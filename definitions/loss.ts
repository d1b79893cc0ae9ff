import { userFailure } from '../code/user-failure';
import type { UserCode } from '../core/code';
import type { ResolvedLoss } from '../contracts/resolved';
import { describeLoss, isUserLoss } from '../losses/facts';
import { optionsGiven, parseUserLoss, type PreferenceLoss } from '../schemas/losses';
import { loadNamed } from './members';

/** A user's loss with the digests of its code. */
export interface PinnedLoss {
  readonly loss: ResolvedLoss;
  readonly code: UserCode | undefined;
}

/**
 * Loads and checks a user's loss; undefined for a built-in one.
 *
 * @throws BudgetlineError INPUT_MISSING, DEFINITION_INVALID, CODE_DIFFERS, with field, file and export
 */
export async function resolveLoss(loss: PreferenceLoss, baseDir: string): Promise<PinnedLoss | undefined> {
  if (!isUserLoss(loss)) return undefined;
  const { pinned, member, code } = await loadNamed(loss, { field: 'preference.loss', baseDir });
  try {
    const { rules, options } = parseUserLoss(member, pinned, optionsGiven(loss, ['module', 'export']));
    const facts = describeLoss(rules, { ...options, sftWeight: undefined });
    return { loss: { path: pinned.path, facts }, code };
  } catch (error) {
    throw userFailure(error, pinned.path, 'fails');
  }
}
