import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseLine } from '../../schemas/json-lines';
import { trainerEvent, type TrainerEvent } from '../../schemas/trainer-event';
import { scratchFolder } from '../../host/home';
import { identifyProcess } from '../../store';

/** One start of the training executable, as it logged it. */
export interface TrainerStart {
  /** The stage's key. */
  readonly id: string;
  readonly command: string;
  readonly jobPath: string;
  readonly pid: number;
  /** The worker that started it. */
  readonly parentPid: number;
  /** Rows of a micro-batch; null for the whole batch. */
  readonly rows: number | null;
}

/** A trainer that runs: what can be hit. */
export interface Target extends TrainerStart {
  readonly runDir: string;
  /** Its progress by its own events: optimiser steps or batches. */
  readonly step: number;
  /** Whether it has saved work that a restart does not repeat. */
  readonly saved: boolean;
}

function parseLines<T>(path: string, parse: (line: string) => T): T[] {
  if (!existsSync(path)) return [];
  // The last line may be incomplete.
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map(parse);
}

export const readStarts = (log: string): TrainerStart[] =>
  parseLines(log, (line) => JSON.parse(line) as TrainerStart);

/** A full disk may have cut a line of this copy short. */
function parseEvent(line: string): TrainerEvent | undefined {
  const parsed = parseLine(line, trainerEvent);
  return 'value' in parsed ? parsed.value : undefined;
}

/** Events of a stage's trainers, oldest first. */
export const readEvents = (runDir: string): TrainerEvent[] =>
  parseLines(join(runDir, 'events.jsonl'), parseEvent).flatMap((event) => event ?? []);

/** Events of one trainer; none before its hello. */
export function eventsOf(events: readonly TrainerEvent[], pid: number): TrainerEvent[] {
  const from = events.findLastIndex((event) => event.event === 'hello' && event.pid === pid);
  if (from < 0) return [];
  const next = events.slice(from + 1).findIndex(({ event }) => event === 'hello');
  return next < 0 ? events.slice(from) : events.slice(from, from + 1 + next);
}

/** Generations are saved batch by batch, optimiser steps with the next checkpoint. */
function progressOf(said: readonly TrainerEvent[]): Pick<Target, 'step' | 'saved'> {
  const steps = said.flatMap((event) =>
    event.event === 'metric' || event.event === 'progress' ? [event.step] : [],
  );
  const saved = said.some(
    (event) =>
      event.event === 'checkpoint' ||
      (event.event === 'progress' && event.phase === 'generate' && event.step > 0),
  );
  return { step: Math.max(0, ...steps), saved };
}

async function asTarget(home: string, start: TrainerStart): Promise<Target[]> {
  const runDir = scratchFolder(home, start.id);
  const said = eventsOf(readEvents(runDir), start.pid);
  if (said.length === 0 || said.some(({ event }) => event === 'result' || event === 'error')) return [];
  return (await identifyProcess(start.pid)) === undefined ? [] : [{ ...start, runDir, ...progressOf(said) }];
}

/** Living trainers with a hello and without a result. */
export async function listTargets(home: string, log: string): Promise<Target[]> {
  const recent = readStarts(log).slice(-12);
  return (await Promise.all(recent.map((start) => asTarget(home, start)))).flat();
}

/** Checkpoints of a training, oldest first. */
export function listCheckpoints({ jobPath }: TrainerStart): string[] {
  const folder = join(jobPath, '..', 'work', 'checkpoints');
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.safetensors'));
  const stepOf = (name: string): number => Number(/^checkpoint-(\d+)/.exec(name)?.[1] ?? 0);
  return names.sort((a, b) => stepOf(a) - stepOf(b)).map((name) => join(folder, name));
}
