import { existsSync } from 'node:fs';
import type { FailureCode } from '../core/failures';
import { eventsOf, type Run } from './run';

/** A broken rule of the protocol; the message says what was found. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** @throws Broken with `found` */
export function expect(holds: boolean, found: string): asserts holds {
  if (!holds) throw new Broken(found);
}

/** How a process ended, for messages. */
export function describeEnd({ status, signal, timedOut, stderr }: Run): string {
  const how = timedOut
    ? 'was killed after the time limit'
    : signal === null
      ? `ended with status ${String(status)}`
      : `died of ${signal}`;
  const last = stderr.trim().split('\n').at(-1)?.slice(0, 160) ?? '';
  return last === '' ? `it ${how}` : `it ${how}: "${last}"`;
}

export function expectEventsOnly({ foreign }: Run): void {
  expect(foreign.length === 0, `a line is not an event of the protocol: ${foreign[0] ?? ''}`);
}

/** Expects a success; returns its result event. */
export function expectResult(run: Run) {
  expectEventsOnly(run);
  expect(run.status === 0, `the job should succeed, but ${describeEnd(run)}`);
  const result = run.events.at(-1);
  expect(result?.event === 'result', `the last event is ${result?.event ?? 'missing'}, not a result`);
  return result;
}

/** Expects a failure with this status and code, and no output folder. */
export function expectFailure(
  run: Run,
  { status, code, outputDir }: { status: number; code: FailureCode; outputDir?: string },
) {
  expectEventsOnly(run);
  expect(run.status === status, `status should be ${status}, but ${describeEnd(run)}`);
  const error = run.events.at(-1);
  expect(error?.event === 'error', `the last event is ${error?.event ?? 'missing'}, not an error`);
  expect(error.code === code, `the error's code is ${error.code}, not ${code}`);
  expect(error.message !== '' && error.remedy !== '', 'the error has no message or no remedy');
  if (outputDir !== undefined) expect(!existsSync(outputDir), `${outputDir} exists after a failure`);
  return error;
}

/** Name and digest of every file of a result. */
export const filesOf = (run: Run): string =>
  expectResult(run)
    .files.map(({ path, bytes, sha256 }) => `${path} ${bytes} ${sha256}`)
    .sort()
    .join('\n');

export function expectSameFiles(run: Run, whole: Run): void {
  const [found, wanted] = [filesOf(run).split('\n'), filesOf(whole).split('\n')];
  const other = found.find((line) => !wanted.includes(line)) ?? wanted.find((line) => !found.includes(line));
  expect(other === undefined, `${other?.split(' ')[0] ?? ''} differs from an undisturbed run`);
}

export const resumedFrom = (run: Run): number => eventsOf(run, 'hello')[0]?.resumedFromStep ?? 0;
