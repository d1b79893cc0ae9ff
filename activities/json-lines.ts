import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { BudgetlineError } from '../contracts/failures';
import { guardFiles, writeFileAtomic } from '../store';

/** Writes one JSON value per line, atomically. */
export function writeJsonLines(path: string, rows: readonly unknown[]): Promise<void> {
  return writeFileAtomic(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

function parseRow<T>(schema: z.ZodType<T>, text: string, place: string): T {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new BudgetlineError('DATA_INVALID', `${place}: the line is not JSON.`);
  }
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new BudgetlineError(
    'DATA_INVALID',
    `${place}: field "${issue?.path.join('.') ?? ''}": ${issue?.message ?? 'malformed'}.`,
  );
}

/** Reads one value per line. DATA_INVALID names file, line and field. */
export async function readJsonLines<T>(path: string, schema: z.ZodType<T>): Promise<T[]> {
  const text = await guardFiles(path, () => readFile(path, 'utf8'));
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line, index) => parseRow(schema, line, `${path}:${index + 1}`));
}
