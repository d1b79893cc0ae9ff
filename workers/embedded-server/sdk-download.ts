import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { AcquireOptions, Fetched } from './acquisition';

const source = 'https://temporal.download/cli/default';
const downloadLimitMs = 180_000;

/**
 * The SDK downloads the executable when it starts a server. That server is stopped at once; the file is
 * kept.
 */
const program = `
const { TestWorkflowEnvironment } = require('@temporalio/testing');
const executable = { type: 'cached-download', downloadDir: process.argv[1] };
TestWorkflowEnvironment.createLocal({ server: { executable } })
  .then((environment) => environment.teardown())
  .then(() => process.exit(0), (error) => { console.error(String(error)); process.exit(1); });
`;

/** Checks first whether the download host answers, since the SDK's own attempt may hang behind a firewall. */
async function explainUnreachable(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (env['HTTPS_PROXY'] ?? env['https_proxy']) return undefined;
  try {
    await fetch(source, { method: 'HEAD', signal: AbortSignal.timeout(5_000) });
    return undefined;
  } catch {
    return 'temporal.download does not answer';
  }
}

function runDownload(target: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const child = spawn(process.execPath, ['-e', program, target], {
    env,
    cwd: __dirname,
    stdio: 'ignore',
    timeout: downloadLimitMs,
    killSignal: 'SIGKILL',
  });
  return new Promise((resolve) => {
    child.on('error', () => {
      resolve(false);
    });
    child.on('close', (status) => {
      resolve(status === 0);
    });
  });
}

function findDownloaded(target: string): string | undefined {
  return readdirSync(target).find((name) => name.startsWith('temporal-') && !name.endsWith('.downloading'));
}

/** Downloads the executable into the cache folder through the Temporal SDK. */
export async function downloadWithSdk(folder: string, options: AcquireOptions): Promise<Fetched> {
  const unreachable = await explainUnreachable(options.env);
  if (unreachable !== undefined) return { reason: unreachable };
  options.onProgress('Downloading Temporal through its SDK (once).');
  const target = mkdtempSync(join(folder, 'partial-'));
  try {
    await runDownload(target, options.env);
    const name = findDownloaded(target);
    if (name === undefined) return { reason: 'the download from temporal.download failed' };
    const home = join(folder, name.replace(/^temporal-/, ''));
    mkdirSync(home, { recursive: true });
    const path = join(home, 'temporal');
    renameSync(join(target, name), path);
    return { path, reason: 'the downloaded program does not run' };
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}
