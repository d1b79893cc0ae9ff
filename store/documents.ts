import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BudgetlineError } from '../contracts/failures';
import { ensureDir, writeFileAtomic } from './durable-files';
import { guardFiles, isMissing } from './fs-errors';
import type { StorePaths } from './paths';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Stores plain JSON under the SHA-256 of its text, and returns that digest. */
export async function storeDocument(paths: StorePaths, value: unknown): Promise<string> {
  const text = JSON.stringify(value);
  const digest = sha256(text);
  const path = paths.document(digest);
  return guardFiles(path, async () => {
    await ensureDir(dirname(path));
    await writeFileAtomic(path, text);
    return digest;
  });
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new BudgetlineError('INPUT_MISSING', `The store has no document ${path}.`, { details: { path } });
  }
}

/** Reads a stored document. @throws INPUT_MISSING, ARTIFACT_CORRUPT if its text does not match the digest */
export async function readDocument(paths: StorePaths, digest: string): Promise<unknown> {
  const path = paths.document(digest);
  const text = await guardFiles(path, () => readText(path));
  if (sha256(text) === digest) return JSON.parse(text);
  throw new BudgetlineError('ARTIFACT_CORRUPT', `${path} does not hold what was written.`, {
    details: { path },
  });
}
