import type { ResolvedFiles } from '../contracts/resolved';
import type { UserRowsUse } from '../schemas/user-rows';

/** Name of a file of user rows among a definition's external files. */
export const userFileName = (use: UserRowsUse): string => `annotations.${use}`;

/**
 * Digests of the files that the trained task reads. Other files have their field as name, and enter only the stages that
 * read them: user rows, test items of auxiliary tasks.
 */
export function taskFileDigests(files: ResolvedFiles): Record<string, string> {
  const own = Object.entries(files).filter(([name]) => !name.includes('.'));
  return Object.fromEntries(own.map(([name, file]) => [name, file.digest]));
}
