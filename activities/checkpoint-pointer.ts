import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { trainerEvent } from '../schemas/trainer-event';

function checkpointStep(line: string): number | undefined {
  try {
    const event = trainerEvent.parse(JSON.parse(line));
    return event.event === 'checkpoint' ? event.step : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Step of the newest checkpoint in a run folder's events; null without work to resume. The step that
 * a trainer really resumes from is in its hello event.
 */
export async function lastCheckpointStep(runDir: string): Promise<number | null> {
  const names: string[] = await readdir(runDir).catch(() => []);
  if (!names.includes('job.json')) return null;
  const text = await readFile(join(runDir, 'events.jsonl'), 'utf8').catch(() => '');
  for (const line of text.split('\n').reverse()) {
    const step = line.includes('"checkpoint"') ? checkpointStep(line) : undefined;
    if (step !== undefined) return step;
  }
  return null;
}
