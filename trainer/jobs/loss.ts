import { loadUserMember } from '../../code/load';
import { BudgetlineError } from '../../core/failures';
import { bindLoss, type BoundLoss } from '../../losses/bind';
import { isUserLoss } from '../../losses/facts';
import { lossOf } from '../../losses/registry';
import { type JobLoss, parseUserLoss } from '../../schemas/losses';

/** The loss in a job's semantics: the digest of a user's code in place of its path. */
export function identifyLoss(loss: JobLoss): object {
  return isUserLoss(loss) ? { ...loss, module: undefined } : loss;
}

/**
 * The loss of a job. A user's module is loaded.
 * @throws CONFIG_INVALID if the module does not export such a loss
 */
export async function loadLoss(loss: JobLoss): Promise<BoundLoss> {
  if (!isUserLoss(loss)) return lossOf(loss);
  try {
    const exported = await loadUserMember(loss.module, loss.export);
    const { rules, options } = parseUserLoss(exported, loss.module, loss);
    return bindLoss(rules, options);
  } catch (cause) {
    const { message } = cause as Error;
    throw new BudgetlineError('CONFIG_INVALID', `Field "loss": ${message}`, {
      details: { field: 'loss', path: loss.module },
      cause,
    });
  }
}
