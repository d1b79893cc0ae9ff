import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync } from 'node:fs';
import { writeAll } from '../../host/whole-file';
import { linesOf } from '../../schemas/json-lines';
import { attempt } from '../io/files';

/** A position in a metrics log: its length, and the SHA-256 of that prefix. */
export interface MetricsMark {
  readonly bytes: number;
  readonly sha256: string;
}

const empty: MetricsMark = { bytes: 0, sha256: createHash('sha256').digest('hex') };

/** Whether the log in the work folder still begins with the prefix that a checkpoint recorded. */
export function matchesMark(path: string, mark: MetricsMark): boolean {
  if (mark.bytes === 0) return true;
  if (!existsSync(path)) return false;
  const content = attempt(path, 'read', () => readFileSync(path)).subarray(0, mark.bytes);
  return content.length === mark.bytes && createHash('sha256').update(content).digest('hex') === mark.sha256;
}

export interface LoggedStep {
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}

/** One JSON line per optimiser step. A resumed run truncates it to its checkpoint and continues. */
export interface MetricsLog {
  /** The steps before the resume point. */
  readonly earlier: readonly LoggedStep[];
  append(step: number, values: Readonly<Record<string, number>>): void;
  /** Syncs the log to disk and returns its position. */
  mark(): MetricsMark;
  close(): void;
}

export function openMetricsLog(path: string, from: MetricsMark = empty): MetricsLog {
  const kept = from.bytes === 0 ? Buffer.alloc(0) : readFileSync(path).subarray(0, from.bytes);
  const hash = createHash('sha256').update(kept);
  let bytes = kept.length;
  const descriptor = attempt(path, 'write', () => openSync(path, from.bytes === 0 ? 'w' : 'r+'));
  attempt(path, 'write', () => ftruncateSync(descriptor, bytes));
  return {
    earlier: linesOf(kept.toString('utf8')).map(({ text }) => JSON.parse(text) as LoggedStep),
    append(step, values) {
      const line = Buffer.from(`${JSON.stringify({ step, values })}\n`);
      attempt(path, 'write', () => writeAll(descriptor, line, bytes));
      hash.update(line);
      bytes += line.length;
    },
    mark() {
      attempt(path, 'write', () => fsyncSync(descriptor));
      return { bytes, sha256: hash.copy().digest('hex') };
    },
    close: () => closeSync(descriptor),
  };
}
