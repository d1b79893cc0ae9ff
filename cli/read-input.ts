import { readFile } from 'node:fs/promises';
import { BudgetlineError } from '../core/failures';
import { guardFiles, isMissing } from '../host/fs-errors';

/**
 * Reads a file that the command line names.
 *
 * @throws BudgetlineError INPUT_MISSING, IO_FAILED
 */
export async function readInput(path: string): Promise<{ path: string; text: string }> {
  const text = await guardFiles(path, () => readFile(path, 'utf8')).catch((error: unknown) => {
    if (!isMissing(error instanceof Error ? error.cause : error)) throw error;
    throw new BudgetlineError('INPUT_MISSING', `There is no file ${path}.`, { details: { path } });
  });
  return { path, text };
}
