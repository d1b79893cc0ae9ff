import { loadUserMember } from '../../code/load';
import { BudgetlineError } from '../../core/failures';
import { familyRules, hasFamilyRules } from '../../core/family-rules';
import type { JobFamily } from '../../schemas/trainer-job';
import type { ModelFamily } from '../families/define';

familyRules satisfies Readonly<Record<keyof ModelFamily, true>>;

/**
 * The user's family of a job. null: none.
 * @throws CONFIG_INVALID if the module does not export one
 */
export async function loadFamily(family: JobFamily | undefined): Promise<ModelFamily | null> {
  if (family === undefined) return null;
  const { module: path, export: name } = family;
  const fail = (why: string, cause?: unknown): never => {
    throw new BudgetlineError('CONFIG_INVALID', `Field "family": ${why}`, {
      remedy: 'Make it with defineFamily from "budgetline/families".',
      details: { field: 'family', path, export: name },
      cause,
    });
  };
  const exported = await loadUserMember(path, name).catch((cause: unknown) =>
    fail((cause as Error).message, cause),
  );
  return hasFamilyRules(exported)
    ? (exported as ModelFamily)
    : fail(`the export "${name}" of ${path} is not a model family.`);
}
