import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BudgetlineError } from '../core/failures';
import { cacheFolder } from '../workers/embedded-server';

const requirements = join(__dirname, 'requirements.txt');

/** Runs a program and shows its output. @throws INPUT_MISSING if it fails */
export function runLoudly(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) return;
  throw new BudgetlineError('INPUT_MISSING', `\`${command} ${args.join(' ')}\` failed.`, {
    remedy:
      'Install Python 3 with venv, or set BUDGETLINE_BENCH_PYTHON to a Python that has bench/requirements.txt.',
    cause: error,
  });
}

/** A virtual environment with the pinned packages, made atomically; new pins get a new environment. */
function makeEnvironment(): string {
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const home = join(cacheFolder(process.env), 'bench');
  const folder = join(home, `venv-${digest}`);
  const python = join(folder, 'bin', 'python');
  const done = join(folder, 'requirements.txt');
  if (existsSync(done)) return python;
  mkdirSync(home, { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  console.log(`Installing the other side of the benchmark into ${folder} (once, some minutes).`);
  runLoudly('python3', ['-m', 'venv', folder]);
  runLoudly(python, ['-m', 'pip', 'install', '--quiet', '-r', requirements]);
  copyFileSync(requirements, done);
  return python;
}

/** The Python that runs TRL: BUDGETLINE_BENCH_PYTHON, or our environment in the user's cache folder. */
export function findPython(env: NodeJS.ProcessEnv): string {
  return env['BUDGETLINE_BENCH_PYTHON'] ?? makeEnvironment();
}

/** Runs trl_stage.py and returns the JSON of its last line. */
export async function runPython(
  python: string,
  command: string,
  spec: string,
  threads: number,
): Promise<unknown> {
  const script = join(__dirname, 'trl_stage.py');
  const env = { ...process.env, OMP_NUM_THREADS: threads.toString(), MKL_NUM_THREADS: threads.toString() };
  const { stdout } = await promisify(execFile)(python, [script, command, spec], { env, maxBuffer: 1 << 26 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? 'null');
}
