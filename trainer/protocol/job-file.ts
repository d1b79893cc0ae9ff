import { canonicalJob } from '../../contracts/canonical';
import { BudgetlineError } from '../../core/failures';
import { trainerJob, type TrainerJob } from '../../schemas/trainer-job';
import { readJson } from '../io/files';

/**
 * Reads and checks a job file.
 * @throws CONFIG_INVALID naming the field; INPUT_MISSING if the file does not exist.
 */
export function readJob(command: string, path: string): TrainerJob {
  const content = readJson(path);
  const parsed = trainerJob.safeParse(content);
  if (!parsed.success) throw fieldFailure(path, parsed.error.issues[0]);
  if (parsed.data.command !== command)
    throw new BudgetlineError(
      'USAGE',
      `${path}: field "command" is "${parsed.data.command}", but the command line has "${command}".`,
      { details: { path, field: 'command' } },
    );
  return canonicalJob(parsed.data);
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly code?: string;
  readonly keys?: readonly string[];
}

function fieldFailure(path: string, issue: Issue | undefined): BudgetlineError {
  // zod reports an unknown field at the object that holds it.
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys?.slice(0, 1) : undefined;
  const field = [...(issue?.path ?? []), ...(unknown ?? [])].map(String).join('.');
  const what = issue?.message ?? 'malformed';
  return new BudgetlineError('CONFIG_INVALID', `${path}: field "${field}": ${what}.`, {
    details: { path, field },
  });
}
