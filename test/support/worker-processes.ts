import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/** Starts a worker process; if it ends by itself, so does the test. */
export function spawnWorker(words: readonly string[], ended: AbortController): ChildProcess {
  const script = join(__dirname, 'worker-process.ts');
  const args = ['-r', 'ts-node/register/transpile-only', script, ...words];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'inherit'] });
  child.once('exit', (status) => {
    if (status !== 0 && status !== null) ended.abort(new Error(`a worker ended with status ${status}`));
  });
  return child;
}
