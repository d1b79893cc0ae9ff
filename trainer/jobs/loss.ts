import { loadUserMember } from '../../code/load';
import { userFailure } from '../../code/user-failure';
import { BudgetlineError } from '../../core/failures';
import { bindLoss, type BoundLoss } from '../../losses/bind';
import { isUserLoss } from '../../losses/facts';
import { lossOf } from '../../losses/registry';
import { type JobLoss, optionsGiven, parseUserLoss, type UserJobLoss } from '../../schemas/losses';

/** The loss in a job's semantics: the digest of a user's code in place of its path. */
export function identifyLoss(loss: JobLoss): object {
  return isUserLoss(loss) ? { ...loss, module: undefined } : loss;
}

/** The failure of a user's loss, with its file and line. It is not retried. */
function lossFailure({ module: path, export: name }: UserJobLoss, error: unknown): BudgetlineError {
  if (error instanceof BudgetlineError && error.code === 'CONFIG_INVALID') return error;
  const cause = userFailure(error, path, 'fails') as BudgetlineError;
  return new BudgetlineError('CONFIG_INVALID', `Field "loss", export "${name}": ${cause.message}`, {
    details: { field: 'loss', path, export: name },
    cause,
  });
}

/** A user's loss whose functions name it, with file and line, if they fail. */
function guarded(loss: UserJobLoss, bound: BoundLoss): BoundLoss {
  const guard = (rule: unknown): unknown => {
    if (typeof rule !== 'function') return rule;
    return (...values: unknown[]): unknown => {
      try {
        return Reflect.apply(rule, bound, values) as unknown;
      } catch (error) {
        throw lossFailure(loss, error);
      }
    };
  };
  const entries = Object.entries(bound).map(([name, rule]) => [name, guard(rule)] as const);
  return Object.fromEntries(entries) as unknown as BoundLoss;
}

/**
 * The loss of a job. A user's module is loaded.
 * @throws CONFIG_INVALID if the module does not export such a loss, also later from the functions of the loss
 */
export async function loadLoss(loss: JobLoss): Promise<BoundLoss> {
  if (!isUserLoss(loss)) return lossOf(loss);
  const { module: path, export: name } = loss;
  try {
    const exported = await loadUserMember(path, name);
    const { rules, options } = parseUserLoss(
      exported,
      { path, export: name },
      optionsGiven(loss, ['module', 'export', 'digest']),
    );
    return guarded(loss, bindLoss(rules, options));
  } catch (error) {
    throw lossFailure(loss, error);
  }
}
