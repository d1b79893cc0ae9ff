import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readOwnFile } from '../../host/own-files';
import { writeFileAtomic } from '../../host/durable-files';
import { identifyProcess, type ProcessIdentity } from '../../store';
import { endOwnTrainer } from './own-trainer';

const identity = z.object({ host: z.string(), space: z.string(), pid: z.int(), startTime: z.string() });

const pidPath = (runDir: string): string => join(runDir, 'trainer.pid.json');

/** Records which trainer uses a run folder, for the supervisor after a crash. */
export async function recordTrainer(runDir: string, pid: number): Promise<void> {
  const found = await identifyProcess(pid);
  if (found !== undefined) await writeFileAtomic(pidPath(runDir), JSON.stringify(found));
}

export async function forgetTrainer(runDir: string): Promise<void> {
  await rm(pidPath(runDir), { force: true });
}

function readTrainer(runDir: string): ProcessIdentity | undefined {
  try {
    return identity.parse(JSON.parse(readOwnFile(pidPath(runDir)) ?? ''));
  } catch (error) {
    // A torn or foreign file names no process; such a trainer ends through its keep-alive.
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

/** Ends and awaits a trainer that an earlier supervisor on this host left in a run folder. */
export async function endOlderTrainer(runDir: string, graceMs: number): Promise<void> {
  const older = readTrainer(runDir);
  if (older !== undefined) await endOwnTrainer(older, { folder: runDir, graceMs });
}
