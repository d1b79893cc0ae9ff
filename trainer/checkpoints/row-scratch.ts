import { closeSync, existsSync, ftruncateSync, openSync } from 'node:fs';
import { writeAll } from '../../host/whole-file';
import { attempt, fileSizeBytes, sha256 } from '../io/files';
import { readLines, toJsonLine } from '../io/jsonl';
import { refuseOtherJob } from './checkpoint';
import { findDifference, type Semantics } from './semantics';

/**
 * Finished batches of a job that makes rows (generate, logprobs, the reference pass): a JSON Lines file whose first line is
 * the job's semantics and every further line one batch, `{ sha256, rows }`. A later start continues after the last
 * undamaged batch.
 */
export interface RowScratch<Row> {
  /** Batches that earlier processes finished. */
  readonly finished: number;
  append(rows: readonly Row[]): void;
  /** Every finished batch in order. */
  batches(): AsyncGenerator<readonly Row[]>;
  close(): void;
}

/** Rows of a batch line; null if it is truncated or damaged. */
function parseBatch(line: string): readonly unknown[] | null {
  try {
    const { sha256: digest, rows } = JSON.parse(line) as { sha256: string; rows: readonly unknown[] };
    return sha256(JSON.stringify(rows)) === digest ? rows : null;
  } catch {
    return null;
  }
}

function parseHeader(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** The undamaged prefix of a scratch file: its batches and length. */
async function findValidPrefix(
  path: string,
  semantics: Semantics,
  workDir: string,
): Promise<{ finished: number; bytes: number }> {
  let bytes = 0;
  let finished = -1;
  if (!existsSync(path)) return { finished, bytes };
  const size = fileSizeBytes(path);
  for await (const { text } of readLines(path)) {
    const end = bytes + Buffer.byteLength(text) + 1;
    // A line without its newline is truncated, even if it parses.
    if (end > size) break;
    if (finished < 0) {
      const header = parseHeader(text);
      if (header === null) break;
      refuseOtherJob(findDifference(header, semantics), workDir);
    } else if (parseBatch(text) === null) break;
    finished += 1;
    bytes = end;
  }
  return { finished, bytes };
}

async function* readBatches<Row>(path: string): AsyncGenerator<readonly Row[]> {
  for await (const { line, text } of readLines(path)) {
    const rows = line === 1 ? null : (parseBatch(text) as readonly Row[] | null);
    if (rows !== null) yield rows;
  }
}

/** Opens or creates the scratch file of a job. @throws CONFIG_INVALID if it belongs to another job. */
export async function openRowScratch<Row>(
  path: string,
  options: { semantics: Semantics; workDir: string },
): Promise<RowScratch<Row>> {
  const { finished, bytes } = await findValidPrefix(path, options.semantics, options.workDir);
  const descriptor = attempt(path, 'write', () => openSync(path, 'a'));
  const write = (line: string): void => {
    attempt(path, 'write', () => writeAll(descriptor, line));
  };
  attempt(path, 'write', () => ftruncateSync(descriptor, bytes));
  if (finished < 0) write(toJsonLine(options.semantics));
  return {
    finished: Math.max(0, finished),
    append: (rows) => write(toJsonLine({ sha256: sha256(JSON.stringify(rows)), rows })),
    batches: () => readBatches<Row>(path),
    close: () => closeSync(descriptor),
  };
}
