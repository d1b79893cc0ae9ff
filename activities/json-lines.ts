import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { parseRows, toJsonLines } from '../schemas/json-lines';
import { writeFileAtomic } from '../host/durable-files';
import { guardFiles } from '../host/fs-errors';

/** Writes one JSON value per line, atomically. */
export const writeJsonLines = (path: string, rows: readonly unknown[]): Promise<void> =>
  writeFileAtomic(path, toJsonLines(rows));

/** Reads one value per line. @throws BudgetlineError DATA_INVALID, naming file, line and field */
export async function readJsonLines<T>(path: string, schema: z.ZodType<T>): Promise<T[]> {
  const text = await guardFiles(path, () => readFile(path, 'utf8'));
  return parseRows({ path, text, code: 'DATA_INVALID' }, schema);
}
