import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trainerProtocol, type JobOf } from '../schemas/trainer-job';
import { cacheFolder } from '../workers/embedded-server';
import { trainer } from './jobs';
import { fetchModel } from './smollm2';

/** Our trainer reads the file and writes a folder that both sides can load. */
function writeFolder(model: string, outputDir: string): void {
  const scratch = mkdtempSync(join(tmpdir(), 'budgetline-smollm2-'));
  const job: JobOf<'merge'> = {
    protocol: trainerProtocol,
    id: 'smollm2',
    workDir: join(scratch, 'work'),
    outputDir,
    seed: 0,
    plan: { device: 'cpu', threads: 1, microBatchSize: null },
    command: 'merge',
    model,
    adapter: null,
  };
  const path = join(scratch, 'merge.json');
  writeFileSync(path, JSON.stringify(job));
  try {
    const { status, stderr } = spawnSync(process.execPath, [trainer, 'merge', path], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the trainer could not read ${model}: ${stderr}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** SmolLM2-135M-Instruct as a model folder, made once in the user's cache. */
export function findSmollm2(): string {
  const folder = join(cacheFolder(process.env), 'models', 'smollm2-135m');
  if (!existsSync(join(folder, 'config.json'))) writeFolder(fetchModel(), folder);
  return folder;
}
