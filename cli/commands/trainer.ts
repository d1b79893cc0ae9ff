import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { trainerPath } from '../../host/package-files';
import { BudgetlineError } from '../../core/failures';

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** `budgetline trainer …`: runs the training executable with this process's streams. Returns its exit status. */
export async function trainerCommand(words: readonly string[]): Promise<number> {
  if (!existsSync(trainerPath))
    throw new BudgetlineError('INPUT_MISSING', `There is no training executable ${trainerPath}.`, {
      remedy: 'Run "npm run build".',
    });
  const child = spawn(process.execPath, [trainerPath, ...words], { stdio: 'inherit' });
  for (const name of forwarded) process.on(name, () => child.kill(name));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      resolve(signal === null ? (code ?? 0) : 128 + constants.signals[signal]),
    );
  });
}
