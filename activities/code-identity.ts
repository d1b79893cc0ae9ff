import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { digestFile } from '../store';

const packageFile = z.object({ version: z.string() });

export function readPackageVersion(root: string): string {
  return packageFile.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))).version;
}

function fileSignature(path: string): string | undefined {
  try {
    const info = statSync(path);
    return info.isFile() ? `${path} ${info.size} ${info.mtimeMs}` : undefined;
  } catch {
    return undefined;
  }
}

const digests = new Map<string, Promise<string>>();

/**
 * SHA-256 of the training executable: of the last part of its command that is a file, i.e. the script and
 * not the interpreter. Empty if no part is a file. Read again only when the file changes.
 */
export async function trainerDigest(command: readonly string[]): Promise<string> {
  const path = [...command].reverse().find((part) => fileSignature(part) !== undefined);
  if (path === undefined) return '';
  const signature = fileSignature(path) ?? path;
  const known = digests.get(signature) ?? digestFile(path);
  digests.set(signature, known);
  return known;
}
