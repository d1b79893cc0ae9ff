import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { linesOf, parseLine } from '../schemas/json-lines';
import { trainerEvent, type TrainerEvent } from '../schemas/trainer-event';

/** What trainers of a run folder left on disk for the next one. */
export interface DurableWork {
  /** Step of the newest checkpoint; null without one. The step that a trainer really resumes from is in its hello event. */
  readonly checkpointStep: number | null;
  /** Number of checkpoints, batches of rows and whole jobs so far, repeated ones counted once. */
  readonly reached: number;
}

/** Phases whose batches are on disk before they are reported. */
const rowPhases: ReadonlySet<string> = new Set(['generate', 'logprobs', 'reference']);

/** Identifies durable work; undefined for events that leave nothing on disk. */
function workOf(event: TrainerEvent): string | undefined {
  if (event.event === 'checkpoint') return `checkpoint ${event.step}`;
  if (event.event === 'result') return `result ${event.outputDir}`;
  if (event.event === 'progress' && rowPhases.has(event.phase)) return `${event.phase} ${event.step}`;
  return undefined;
}

async function readEvents(runDir: string): Promise<TrainerEvent[]> {
  const names: string[] = await readdir(runDir).catch(() => []);
  if (!names.includes('job.json')) return [];
  const text = await readFile(join(runDir, 'events.jsonl'), 'utf8').catch(() => '');
  return linesOf(text).flatMap(({ text: line }) => {
    const parsed = parseLine(line, trainerEvent);
    return 'value' in parsed ? [parsed.value] : [];
  });
}

/** Reads a run folder's events. */
export async function readDurableWork(runDir: string): Promise<DurableWork> {
  const events = await readEvents(runDir);
  const last = events.findLast((event) => event.event === 'checkpoint');
  const work = events.map(workOf).filter((name) => name !== undefined);
  return { checkpointStep: last?.step ?? null, reached: new Set(work).size };
}
