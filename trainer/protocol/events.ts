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

/** Lets one thread at a time write a line; the main thread waits for its turn, the one of heartbeats does not. */
export class EventTurn {
  /** 0: free. 1: taken. 2: the last event is written, so that only the main thread may still write. */
  readonly cell = new Int32Array(new SharedArrayBuffer(4));
  #last = false;

  use(write: () => void, last: boolean): void {
    while (!this.#last && Atomics.compareExchange(this.cell, 0, 0, 1) !== 0) Atomics.wait(this.cell, 0, 1, 5);
    this.#last ||= last;
    try {
      write();
    } finally {
      Atomics.store(this.cell, 0, this.#last ? 2 : 0);
    }
  }
}

const isLast = ({ event }: TrainerEvent): boolean => event === 'result' || event === 'error';

/** Writes each event as one JSON line before `emit` returns, so that it survives a kill. */
export function createEventSink(descriptor: number, turn = new EventTurn()): EventSink {
  const sink = {
    broken: false,
    emit(event: TrainerEvent): void {
      if (sink.broken) return;
      try {
        turn.use(() => writeBlocking(descriptor, Buffer.from(toJsonLine(event))), isLast(event));
      } catch (error) {
        sink.broken = true;
        process.stderr.write(`events cannot be written: ${(error as Error).message}\n`);
      }
    },
  };
  return sink;
}
