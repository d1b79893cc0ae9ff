import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { endProcess, guardFiles, identifyProcess, isMissing, type ProcessIdentity } from '../../store';

const identity = z.object({ host: z.string(), space: z.string(), pid: z.int(), startTime: z.string() });

const pidPath = (runDir: string): string => join(runDir, 'trainer.pid.json');

/** Writes down which trainer works in a run folder, so that whoever comes after a crash finds it. */
export async function recordTrainer(runDir: string, pid: number): Promise<void> {
  const found = await identifyProcess(pid);
  if (found === undefined) return;
  await guardFiles(runDir, () => writeFile(pidPath(runDir), JSON.stringify(found)));
}

export async function forgetTrainer(runDir: string): Promise<void> {
  await rm(pidPath(runDir), { force: true });
}

async function readTrainer(runDir: string): Promise<ProcessIdentity | undefined> {
  try {
    return identity.parse(JSON.parse(await readFile(pidPath(runDir), 'utf8')));
  } catch (error) {
    // A half-written file names nobody; such a trainer ends with its keep-alive.
    if (isMissing(error) || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

/** Ends and awaits a trainer that an earlier supervisor of this host left in a run folder. */
export async function endOlderTrainer(runDir: string, graceMs: number): Promise<void> {
  const older = await guardFiles(runDir, () => readTrainer(runDir));
  if (older !== undefined) await endProcess(older, { graceMs, group: true });
}
