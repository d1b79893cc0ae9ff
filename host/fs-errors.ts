import { BudgetlineError, type FailureCode } from '../core/failures';

const codes: Readonly<Record<string, FailureCode>> = {
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
  EACCES: 'STORE_UNWRITABLE',
  EPERM: 'STORE_UNWRITABLE',
  EROFS: 'STORE_UNWRITABLE',
  ENOTDIR: 'STORE_UNWRITABLE',
  EEXIST: 'STORE_UNWRITABLE',
};

const sentences: Partial<Record<FailureCode, string>> = {
  DISK_FULL: 'There is no space left on the disk',
  STORE_UNWRITABLE: 'The folder cannot be written',
};

/** The system's error code ("ENOSPC"), if the error has one. */
export function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/** True for "no such file or folder", which is often a valid answer. */
export function isMissing(error: unknown): boolean {
  return errnoOf(error) === 'ENOENT';
}

/**
 * The coded error for a file system failure: DISK_FULL, STORE_UNWRITABLE, otherwise IO_FAILED. Other errors
 * are returned unchanged.
 */
export function toFileError(error: unknown, path: string): unknown {
  const errno = errnoOf(error);
  if (error instanceof BudgetlineError || errno === undefined) return error;
  const code = codes[errno] ?? 'IO_FAILED';
  const sentence = sentences[code] ?? 'Reading or writing failed';
  return new BudgetlineError(code, `${sentence}: ${path} (${errno}).`, {
    details: { path, errno },
    cause: error,
  });
}

/** Runs file work and turns file system errors into coded ones that name the path. */
export async function guardFiles<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toFileError(error, path);
  }
}
