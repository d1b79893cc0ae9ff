import { fstatSync, writeSync } from 'node:fs';
import { toJsonLine } from '../io/jsonl';
import type { TrainerEvent } from '../../schemas/trainer-event';

/** Receives a job's events. */
export interface EventSink {
  emit(event: TrainerEvent): void;
  /** True once writing failed: the supervisor is gone. */
  readonly broken: boolean;
}

/** The descriptor in BUDGETLINE_EVENTS_FD if it is open, else standard output. */
export function eventsDescriptor(environment: NodeJS.ProcessEnv = process.env): number {
  const named = Number(environment['BUDGETLINE_EVENTS_FD'] ?? '1');
  if (!Number.isInteger(named) || named < 1) return 1;
  try {
    fstatSync(named);
    return named;
  } catch {
    return 1;
  }
}

const sleepCell = new Int32Array(new SharedArrayBuffer(4));

/** Writes all bytes; waits while a non-blocking pipe is full. */
function writeBlocking(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(descriptor, bytes, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(sleepCell, 0, 0, 5);
    }
  }
}

/** Writes each event as one JSON line before `emit` returns, so that it survives a kill. */
export function createEventSink(descriptor: number): EventSink {
  const sink = {
    broken: false,
    emit(event: TrainerEvent): void {
      if (sink.broken) return;
      try {
        writeBlocking(descriptor, Buffer.from(toJsonLine(event)));
      } catch (error) {
        sink.broken = true;
        process.stderr.write(`events cannot be written: ${(error as Error).message}\n`);
      }
    },
  };
  return sink;
}
