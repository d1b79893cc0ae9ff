import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { linesOf, parseLine } from '../schemas/json-lines';
import { trainerEvent } from '../schemas/trainer-event';

/**
 * Step of the newest checkpoint in a run folder's events; null without work to resume. The step that
 * a trainer really resumes from is in its hello event.
 */
export async function lastCheckpointStep(runDir: string): Promise<number | null> {
  const names: string[] = await readdir(runDir).catch(() => []);
  if (!names.includes('job.json')) return null;
  const text = await readFile(join(runDir, 'events.jsonl'), 'utf8').catch(() => '');
  for (const line of linesOf(text).reverse()) {
    if (!line.text.includes('"checkpoint"')) continue;
    const parsed = parseLine(line.text, trainerEvent);
    if ('value' in parsed && parsed.value.event === 'checkpoint') return parsed.value.step;
  }
  return null;
}
