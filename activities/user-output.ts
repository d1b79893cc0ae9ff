import { existsSync } from 'node:fs';
import { z } from 'zod';
import { userFailure } from '../code/user-failure';
import { BudgetlineError } from '../core/failures';
import { errnoOf, toFileError } from '../host/fs-errors';
import { isBelow } from '../host/is-below';
import { stageMetrics } from '../schemas/artifact';
import { rowsFile } from './dataset';
import type { StageOutput, StageSession } from './session';

interface Fault {
  /** The field of what the activity returned or asked for. */
  readonly field: string;
  readonly problem: string;
  readonly remedy: string;
}

function invalid({ stage }: StageSession, { field, problem, remedy }: Fault): BudgetlineError {
  const { kind, activity } = stage;
  const { path, export: name } = activity!;
  return new BudgetlineError(
    'DEFINITION_INVALID',
    `stageKinds: the activity "${name}" of the kind "${kind}" (${path}) ${problem}`,
    { remedy, details: { field, kind, path, export: name } },
  );
}

const form = z.looseObject({ dir: z.string(), ...stageMetrics });

function assertForm(session: StageSession, output: unknown): void {
  const issue = form.safeParse(output).error?.issues[0];
  if (issue === undefined) return;
  const field = issue.path.join('.');
  throw invalid(session, {
    field,
    problem: `returns ${field === '' ? 'no result' : `a wrong "${field}"`}: ${issue.message}.`,
    remedy: 'Return { dir, metrics }: a folder of freshDir, and finite numbers by name.',
  });
}

async function assertOwnFolder(session: StageSession, { dir }: StageOutput): Promise<void> {
  if (await isBelow(dir, session.runDir)) return;
  throw invalid(session, {
    field: 'dir',
    problem: `returns ${dir}, which is not a folder of its own. Publishing moves the folder.`,
    remedy: 'Return a folder of freshDir, and copy files of inputs into it.',
  });
}

function assertRows(session: StageSession, { dir }: StageOutput): void {
  if (session.stage.rows === null || existsSync(rowsFile(dir))) return;
  throw invalid(session, {
    field: 'dir',
    problem: 'makes rows, but its folder has no demonstrations.jsonl or pairs.jsonl.',
    remedy: 'Write the rows with session.writeRows.',
  });
}

/**
 * What a user's activity returned, checked: no compiler has seen it.
 *
 * @throws BudgetlineError DEFINITION_INVALID with kind, module and field
 */
export async function checkOutput(session: StageSession, output: StageOutput): Promise<StageOutput> {
  assertForm(session, output);
  await assertOwnFolder(session, output);
  assertRows(session, output);
  return output;
}

/**
 * A folder's name in the scratch folder.
 *
 * @throws BudgetlineError DEFINITION_INVALID for a path: it could lead out of the scratch folder
 */
export function partOf(session: StageSession, name: string): string {
  if (/^[\w-][\w.-]*$/.test(name)) return name;
  throw invalid(session, {
    field: 'freshDir',
    problem: `asks for a folder "${name}".`,
    remedy: 'Name folders and parts with letters, digits, "-", "_" and ".".',
  });
}

/** System errors of a full or read-only disk: the worker's, not the activity's. */
const ofTheDisk: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

/** The failure of a user's activity that threw. Errors with a code stay, and those of a full or read-only disk. */
export function activityFailure(session: StageSession, error: unknown): unknown {
  if (error instanceof BudgetlineError) return error;
  if (ofTheDisk.has(errnoOf(error) ?? '')) return toFileError(error, session.runDir);
  // Its waits may end with any error once the stage should stop.
  session.throwIfStopped();
  const { kind, activity } = session.stage;
  const failure = userFailure(error, activity!.path, 'fails');
  if (!(failure instanceof BudgetlineError)) return failure;
  const { code, message, remedy, details } = failure;
  return new BudgetlineError(code, `stageKinds: the activity of the kind "${kind}": ${message}`, {
    remedy,
    details: { ...details, field: 'activity', kind },
    cause: error,
  });
}
