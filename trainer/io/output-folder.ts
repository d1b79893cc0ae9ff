import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BudgetlineError } from '../../core/failures';
import type { FileDigest } from '../../schemas/trainer-event';
import { attempt, fileSizeBytes, hashFile, syncFolder } from './files';

/** Name, size and SHA-256 of every file of a folder, in name order. */
export async function listFiles(folder: string): Promise<FileDigest[]> {
  const names = attempt(folder, 'read', () => readdirSync(folder)).sort();
  const files: FileDigest[] = [];
  for (const name of names) {
    const path = join(folder, name);
    files.push({ path: name, bytes: fileSizeBytes(path), sha256: await hashFile(path) });
  }
  return files;
}

/** Whether the path exists and is not an empty folder. */
export function isTaken(outputDir: string): boolean {
  if (!existsSync(outputDir)) return false;
  return attempt(
    outputDir,
    'read',
    () => !statSync(outputDir).isDirectory() || readdirSync(outputDir).length > 0,
  );
}

export function refuseTaken(outputDir: string): never {
  throw new BudgetlineError('CONFIG_INVALID', `Field "outputDir": ${outputDir} is not empty.`, {
    remedy: 'Use a folder that does not exist yet.',
    details: { path: outputDir, field: 'outputDir' },
  });
}

/**
 * Fills a temporary folder next to the output folder, syncs it and renames it, so that the output folder is either complete
 * or absent.
 */
export async function fillOutputFolder(
  outputDir: string,
  options: { fill(folder: string): Promise<void>; beforeRename(files: FileDigest[]): void },
): Promise<FileDigest[]> {
  const partial = `${outputDir}.partial`;
  const clear = (): void => rmSync(partial, { recursive: true, force: true });
  attempt(partial, 'write', () => {
    clear();
    mkdirSync(partial, { recursive: true });
  });
  try {
    await options.fill(partial);
    const files = await listFiles(partial);
    syncFolder(partial);
    options.beforeRename(files);
    attempt(outputDir, 'write', () => renameSync(partial, outputDir));
    syncFolder(dirname(outputDir));
    return files;
  } catch (error) {
    clear();
    throw error;
  }
}
