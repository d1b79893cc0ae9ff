import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { AcquireOptions, Fetched } from './acquisition';

/** The newest release whose module has no `replace`, which `go install` rejects. */
const cliVersion = '1.5.1';
const progressIntervalMs = 15_000;

/** "go1.26.1"; undefined without Go. */
export async function goVersion(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('go', ['env', 'GOVERSION'], { env, timeout: 15_000 });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

function describe(startedMs: number, packages: number): string {
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  return `Building Temporal ${cliVersion} with Go: ${seconds} s, ${packages} packages compiled (once; 3 to 5 minutes).`;
}

/** Runs `go install`; returns its exit status and last output line. */
function runGo(binFolder: string, options: AcquireOptions): Promise<{ status: number | null; last: string }> {
  const started = performance.now();
  let packages = 0;
  let last = '';
  const child = spawn('go', ['install', '-v', `github.com/temporalio/cli/cmd/temporal@v${cliVersion}`], {
    env: { ...options.env, GOBIN: binFolder, CGO_ENABLED: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    packages += 1;
    last = line;
  });
  const timer = setInterval(() => {
    options.onProgress(describe(started, packages));
  }, progressIntervalMs);
  return new Promise((resolve) => {
    child.on('error', (error) => {
      clearInterval(timer);
      resolve({ status: 1, last: error.message });
    });
    child.on('close', (status) => {
      clearInterval(timer);
      resolve({ status, last });
    });
  });
}

/** Builds the executable, and moves it into the cache folder when it is complete. */
export async function buildWithGo(folder: string, options: AcquireOptions): Promise<Fetched> {
  const binFolder = mkdtempSync(join(folder, 'partial-'));
  try {
    const { status, last } = await runGo(binFolder, options);
    if (status !== 0) return { reason: `the build with Go failed: ${last}` };
    const home = join(folder, `v${cliVersion}`);
    mkdirSync(home, { recursive: true });
    const path = join(home, 'temporal');
    renameSync(join(binFolder, 'temporal'), path);
    return { path, reason: 'the program that Go built does not run' };
  } finally {
    rmSync(binFolder, { recursive: true, force: true });
  }
}
