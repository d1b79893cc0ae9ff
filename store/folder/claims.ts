import { randomUUID } from 'node:crypto';
import { readFile, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { claimRecord, type ClaimRecord } from '../../schemas/claim';
import { BudgetlineError } from '../../core/failures';
import type { Claim, ClaimOutcome } from '../define';
import { ensureDir, linkFile, siblingName, syncPath, writeSynced } from '../../host/durable-files';
import { errnoOf, guardFiles, isMissing } from '../../host/fs-errors';
import { namesIn } from './artifacts';
import { identifyOwnProcess, isProcessAlive } from '../process-identity';

export interface ClaimOptions {
  /** Milliseconds after which a silent holder loses the claim, if its process cannot be checked from here. */
  readonly leaseMs: number;
}

interface ClaimFile {
  readonly path: string;
  readonly fence: number;
}

/**
 * A claim is a file named by its fence, in the key's folder. Linking a finished file to the next free name
 * lets exactly one taker win; the highest fence holds the claim. The lease is the file's modification time,
 * so renewing and releasing need no disk space. A released claim has the time 0.
 */
const fileName = (fence: number): string => `${String(fence).padStart(9, '0')}.json`;

async function listFences(dir: string): Promise<number[]> {
  const names = await namesIn(dir);
  const fences = names.flatMap((name) => (/^\d{9}\.json$/.test(name) ? [Number.parseInt(name, 10)] : []));
  return fences.sort((a, b) => a - b);
}

async function highestFence(dir: string): Promise<number> {
  return (await listFences(dir)).at(-1) ?? 0;
}

async function readRecord(path: string): Promise<{ record: ClaimRecord; renewedAtMs: number } | undefined> {
  try {
    const record = claimRecord.parse(JSON.parse(await readFile(path, 'utf8')));
    return { record, renewedAtMs: (await stat(path)).mtimeMs };
  } catch (error) {
    if (isMissing(error) || errnoOf(error) === undefined) return undefined;
    throw error;
  }
}

/** The current holder of a claim file; undefined if it was released, has expired, or its process is dead. */
async function liveHolder(path: string): Promise<ClaimRecord | undefined> {
  const found = await readRecord(path);
  if (found === undefined || found.renewedAtMs === 0) return undefined;
  if (found.renewedAtMs + found.record.leaseMs < Date.now()) return undefined;
  return (await isProcessAlive(found.record.process)) === false ? undefined : found.record;
}

/** True if this taker created the file of this fence. */
async function linkRecord(file: ClaimFile, record: ClaimRecord): Promise<boolean> {
  const partial = siblingName(file.path);
  try {
    await writeSynced(partial, `${JSON.stringify(record)}\n`);
    linkFile(partial, file.path);
    await syncPath(dirname(file.path));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(partial, { force: true });
  }
}

/** A taker with an outdated list may create a fence below the highest. It has not won. */
async function isHighest(dir: string, file: ClaimFile): Promise<boolean> {
  if ((await highestFence(dir)) === file.fence) return true;
  await rm(file.path, { force: true });
  return false;
}

async function removeOlder(dir: string, fence: number): Promise<void> {
  const older = (await listFences(dir)).filter((other) => other < fence - 1);
  await Promise.all(older.map((other) => rm(join(dir, fileName(other)), { force: true })));
}

function lostError(key: string, fence: number): BudgetlineError {
  return new BudgetlineError(
    'CLAIM_LOST',
    `The claim on stage ${key} at fence ${fence} passed to another worker.`,
    {
      details: { key, fence },
    },
  );
}

/** Renews the lease until the claim is released; aborts `lost` if it cannot. */
class HeldClaim implements Claim {
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #renewedAtMs = Date.now();
  #done = false;

  constructor(
    readonly key: string,
    private readonly dir: string,
    private readonly file: ClaimFile,
    private readonly leaseMs: number,
  ) {
    this.#timer = setInterval(() => void this.#renew(), leaseMs / 4);
    this.#timer.unref();
  }

  get fence(): number {
    return this.file.fence;
  }

  get lost(): AbortSignal {
    return this.#abort.signal;
  }

  async check(): Promise<void> {
    if (this.#done || this.lost.aborted) throw lostError(this.key, this.fence);
    if (await guardFiles(this.dir, () => highestFence(this.dir)).then((top) => top === this.fence)) return;
    this.#lose();
    throw lostError(this.key, this.fence);
  }

  async release(): Promise<void> {
    if (this.#done) return;
    this.#stop();
    await utimes(this.file.path, 0, 0).catch(() => undefined);
  }

  async #renew(): Promise<void> {
    try {
      await this.check();
      const now = new Date();
      await utimes(this.file.path, now, now);
      this.#renewedAtMs = now.getTime();
      // Released while the renewal was running: the release wins.
      if (this.#done) await utimes(this.file.path, 0, 0);
    } catch {
      if (Date.now() > this.#renewedAtMs + this.leaseMs / 2) this.#lose();
    }
  }

  #lose(): void {
    this.#stop();
    this.#abort.abort(lostError(this.key, this.fence));
  }

  #stop(): void {
    this.#done = true;
    clearInterval(this.#timer);
  }
}

async function describeTaker(fence: number, holder: string, leaseMs: number): Promise<ClaimRecord> {
  return { fence, token: randomUUID(), leaseMs, holder, process: await identifyOwnProcess() };
}

/** Takes a claim if no live process holds it. A holder on this host whose process is dead loses it at once. */
export async function acquireClaim(
  target: { readonly key: string; readonly dir: string; readonly holder: string },
  options: ClaimOptions,
): Promise<ClaimOutcome> {
  const { key, dir, holder } = target;
  return guardFiles(dir, async () => {
    await ensureDir(dir);
    for (;;) {
      const top = await highestFence(dir);
      const heldBy = top === 0 ? undefined : await liveHolder(join(dir, fileName(top)));
      if (heldBy !== undefined) return { heldBy };
      const file = { fence: top + 1, path: join(dir, fileName(top + 1)) };
      const record = await describeTaker(file.fence, holder, options.leaseMs);
      if (!(await linkRecord(file, record)) || !(await isHighest(dir, file))) continue;
      await removeOlder(dir, file.fence);
      return { claim: new HeldClaim(key, dir, file, options.leaseMs) };
    }
  });
}

/** The current holder of a claim; undefined if there is none. */
export async function readClaimHolder(dir: string): Promise<ClaimRecord | undefined> {
  const top = await guardFiles(dir, () => highestFence(dir));
  return top === 0 ? undefined : liveHolder(join(dir, fileName(top)));
}
