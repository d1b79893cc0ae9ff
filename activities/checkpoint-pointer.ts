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
 * The step of the newest checkpoint that a run folder's events tell of; null where no work is left in it. What a trainer
 * really goes on from, its own hello says.
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
