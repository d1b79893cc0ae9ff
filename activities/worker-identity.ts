import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { WorkerIdentity } from '../schemas/ledger';
import { digestFile } from '../store';

const run = promisify(execFile);

/** Undefined without git or outside a repository. */
async function git(folder: string, ...words: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout } = await run('git', ['-C', folder, ...words], { timeout: 10_000 });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

async function describeCommit(folder: string): Promise<Pick<WorkerIdentity, 'gitCommit' | 'gitDirty'>> {
  const gitCommit = await git(folder, 'rev-parse', 'HEAD');
  if (gitCommit === undefined) return { gitCommit: null, gitDirty: null };
  const changes = await git(folder, 'status', '--porcelain');
  return { gitCommit, gitDirty: changes === undefined ? null : changes !== '' };
}

async function lockfileDigest(folder: string): Promise<string | null> {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, 'package-lock.json');
    if (existsSync(path)) return digestFile(path);
    if (at === dirname(at)) return null;
  }
}

function readIfThere(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
}

const vectorInstructions = /^(s?sse|avx|fma|f16c|amx|neon|asimd|sve|sme(?!p)|i8mm|bf16)/;

/** The vector instructions in the CPU's flags: they decide how sums are grouped, and so the last bits. */
export function vectorInstructionsOf(cpuinfo: string): string | null {
  const flags = /^(?:flags|Features)\s*:\s*(.+)$/m.exec(cpuinfo)?.[1]?.trim().split(/\s+/) ?? [];
  const vectors = flags.filter((flag) => vectorInstructions.test(flag)).sort();
  return vectors.length === 0 ? null : vectors.join(' ');
}

/** Digest of the sources that the package was built from. */
function buildDigest(packageRoot: string): string | null {
  const stamp = readIfThere(join(packageRoot, 'dist', '.sources'));
  return stamp !== null && /^[0-9a-f]{64}$/.test(stamp) ? stamp : null;
}

/** "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15 …" → "NVIDIA 550.54.15". */
function driverVersion(): string | null {
  const version = /Kernel Module\s+(\S+)/.exec(readIfThere('/proc/driver/nvidia/version') ?? '')?.[1];
  return version === undefined ? null : `NVIDIA ${version}`;
}

/**
 * What a worker runs on and from. The commit is that of the worker's own folder, since user tasks are in
 * the user's repository. The package's own code is identified by its build digest.
 */
export async function describeWorker(
  packageRoot: string,
  folder: string = process.cwd(),
): Promise<WorkerIdentity> {
  return {
    platform: `${process.platform} ${release()} ${process.arch}, node ${process.version}`,
    deviceModel: cpus()[0]?.model.trim() ?? 'unknown',
    instructionSet: vectorInstructionsOf(readIfThere('/proc/cpuinfo') ?? ''),
    driver: driverVersion(),
    buildDigest: buildDigest(packageRoot),
    ...(await describeCommit(folder)),
    lockfileDigest: await lockfileDigest(folder),
  };
}
