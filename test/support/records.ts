import { writeFileSync } from 'node:fs';
import type { RecordsFile } from '../../contracts/records';
import type { TaskContext } from '../../contracts/task';
import { readRecordsFile } from '../../ingest';

/** Rows as a file has them that was read. */
export const recordsOf = (path: string, rows: readonly object[]): RecordsFile => ({
  path,
  records: rows.map((row, at) => ({ line: at + 1, fields: { ...row } })),
});

/** A task's files by name, each with its rows. */
export const rowsContext = (files: Readonly<Record<string, readonly object[]>>): TaskContext => ({
  readRecords: (name) => Promise.resolve(recordsOf(`${name}.jsonl`, files[name] ?? [])),
});

/** The context of a task that must read no file. */
export const noFiles: TaskContext = { readRecords: () => Promise.reject(new Error('it reads no file')) };

/** A task's files by name, each with its text; `pathOf` names where they are written. */
export const textContext = (
  texts: Readonly<Record<string, string>>,
  pathOf: (name: string) => string,
): TaskContext => ({
  readRecords(name) {
    const path = pathOf(`${name}.jsonl`);
    writeFileSync(path, texts[name] ?? '');
    return readRecordsFile(path);
  },
});
