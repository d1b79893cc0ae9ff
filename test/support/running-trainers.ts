import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { trainerEvent, type TrainerEvent } from '../../schemas/trainer-event';
import { identifyProcess } from '../../store';

/** Events of the trainers of one stage, oldest first, without a line that is still being written. */
export function readEvents(path: string): TrainerEvent[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => trainerEvent.parse(JSON.parse(line)));
}

/** A trainer with a checkpoint and without a result. */
export interface Checkpointed {
  readonly key: string;
  readonly command: string;
  readonly pid: number;
  readonly step: number;
}

function checkpointedIn(runs: string, key: string): Checkpointed[] {
  const events = readEvents(join(runs, key, 'events.jsonl'));
  const begun = events.findLastIndex(({ event }) => event === 'hello');
  const hello = events[begun];
  const since = events.slice(begun);
  if (hello?.event !== 'hello' || since.some(({ event }) => event === 'result')) return [];
  const steps = since.flatMap((event) => (event.event === 'checkpoint' ? [event.step] : []));
  const { command, pid } = hello;
  return steps.length === 0 ? [] : [{ key, command, pid, step: Math.max(...steps) }];
}

function listCheckpointed(home: string): Checkpointed[] {
  const runs = join(home, 'store', 'runs');
  try {
    return readdirSync(runs).flatMap((key) => checkpointedIn(runs, key));
  } catch {
    return [];
  }
}

/**
 * Waits for a living trainer (of this command, if one is named) that has written a checkpoint. Reads the files of its
 * home, because heartbeats arrive later.
 */
export async function untilCheckpointed(
  { home, command }: { readonly home: string; readonly command?: string },
  signal: AbortSignal,
): Promise<Checkpointed> {
  for (;;) {
    for (const trainer of listCheckpointed(home)) {
      const wanted = command === undefined || trainer.command === command;
      if (wanted && (await identifyProcess(trainer.pid)) !== undefined) return trainer;
    }
    await sleep(10, undefined, { signal });
  }
}
