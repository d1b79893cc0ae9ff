import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One start of the training executable. */
export interface TrainerStart {
  readonly id: string;
  readonly command: string;
  readonly jobPath: string;
  readonly pid: number;
}

export const trainerLogOf = (home: string): string => join(home, 'trainers.jsonl');

/** The training executable; each start adds a line to the home's log. */
export function countingTrainer(home: string): readonly string[] {
  return [process.execPath, join(__dirname, 'counting-trainer.js'), `--log=${trainerLogOf(home)}`];
}

export function readTrainerStarts(home: string): TrainerStart[] {
  if (!existsSync(trainerLogOf(home))) return [];
  const lines = readFileSync(trainerLogOf(home), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as TrainerStart);
}
