import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { BudgetlineError } from '../../core/failures';

/** A file of a repository. */
export interface RemoteFile {
  readonly path: string;
  readonly bytes: number;
  /** Name of the blob in the cache: SHA-256 for large files (LFS), Git's blob SHA-1 for others. */
  readonly id: string;
}

/** Progress of one file, earlier attempts included. */
export interface DownloadProgress {
  readonly file: string;
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface DownloadOptions {
  readonly file: RemoteFile;
  /** Path of the blob; a partial download is next to it, as ".incomplete". */
  readonly blob: string;
  /** The remote content; reading a slice requests only its range. */
  readonly open: () => Promise<Blob>;
  readonly onProgress: (progress: DownloadProgress) => void;
}

/** Consecutive connections without a byte before the download fails. */
const fruitlessAttempts = 3;
const pauseMs = 500;

const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);

/** Git hashes a blob's size and content together. */
async function digest(path: string, { id, bytes }: RemoteFile): Promise<string> {
  const hash = id.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`);
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Appends the missing bytes, as far as this connection goes. */
async function fetchRest(partial: string, { file, open, onProgress }: DownloadOptions): Promise<void> {
  let bytes = sizeOf(partial);
  const counter = new Transform({
    transform(piece: Buffer, _encoding, done) {
      bytes += piece.length;
      onProgress({ file: file.path, bytes, totalBytes: file.bytes });
      done(null, piece);
    },
  });
  const rest = (await open()).slice(bytes, file.bytes).stream();
  await pipeline(Readable.fromWeb(rest), counter, createWriteStream(partial, { flags: 'a' }));
}

function cutOff({ file }: DownloadOptions, arrived: number, cause: unknown): BudgetlineError {
  const message = `${file.path}: the connection ended at byte ${arrived} of ${file.bytes}.`;
  return new BudgetlineError('IO_FAILED', message, {
    remedy: 'Start again when the hub can be reached; the download resumes there.',
    details: { path: file.path, bytes: arrived },
    cause,
  });
}

/** Resumes after each broken connection, as long as connections make progress. */
async function fetchAll(partial: string, options: DownloadOptions): Promise<void> {
  const { bytes } = options.file;
  for (let fruitless = 0; sizeOf(partial) < bytes || !existsSync(partial);) {
    const before = sizeOf(partial);
    const failure: unknown = await fetchRest(partial, options).catch((error: unknown) => error);
    fruitless = sizeOf(partial) > before ? 0 : fruitless + 1;
    if (fruitless === fruitlessAttempts) throw cutOff(options, before, failure);
    if (fruitless > 0) await sleep(pauseMs * fruitless);
  }
}

/**
 * Downloads a file into the cache, resuming a partial download, and checks its digest before it gets its name.
 *
 * @throws BudgetlineError IO_FAILED where connections make no progress, or the digest is not the listed one
 */
export async function downloadBlob(options: DownloadOptions): Promise<void> {
  const { file, blob } = options;
  if (existsSync(blob)) return;
  const partial = `${blob}.incomplete`;
  await mkdir(dirname(blob), { recursive: true });
  await fetchAll(partial, options);
  const found = await digest(partial, file);
  if (found !== file.id) {
    await rm(partial);
    throw new BudgetlineError('IO_FAILED', `${file.path}: the digest is not the one that the hub lists.`, {
      remedy: 'Start again to download the file anew. If it fails again, check proxies on the way.',
      details: { path: file.path, expected: file.id, found },
    });
  }
  await rename(partial, blob);
}
