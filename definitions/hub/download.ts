import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { BudgetlineError } from '../../contracts/failures';

/** A file of a repository. */
export interface RemoteFile {
  readonly path: string;
  readonly bytes: number;
  /** SHA-256 of the content for large files, Git's SHA-1 of the blob for others; it names the blob in the cache. */
  readonly id: string;
}

/** How much of a file has arrived, what earlier starts brought included. */
export interface DownloadProgress {
  readonly file: string;
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface DownloadOptions {
  readonly file: RemoteFile;
  /** Where the blob belongs; what has arrived of it lies beside, as ".incomplete". */
  readonly blob: string;
  /** The remote content, of which a slice is asked for by its range alone. */
  readonly open: () => Promise<Blob>;
  readonly onProgress: (progress: DownloadProgress) => void;
}

/** Connections in a row that bring nothing before the download is given up. */
const fruitlessAttempts = 3;
const pauseMs = 500;

const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);

/** Git names a blob by the hash of its size and content. */
async function digest(path: string, { id, bytes }: RemoteFile): Promise<string> {
  const hash = id.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`);
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Appends what is missing, as far as this connection brings it. */
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
    remedy: 'Start again when the hub can be reached: the download goes on from there.',
    details: { path: file.path, bytes: arrived },
    cause,
  });
}

/** Goes on where a connection ended, as long as connections bring anything. */
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
 * Downloads a file into the cache, going on from what an earlier start left, and checks it before it gets its name.
 * @throws IO_FAILED where the connection ends for good, or the content is not what the hub lists.
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
    throw new BudgetlineError('IO_FAILED', `${file.path}: what arrived is not what the hub lists.`, {
      remedy:
        'Start again: the file is downloaded anew. If it repeats, something changes files on their way.',
      details: { path: file.path, expected: file.id, found },
    });
  }
  await rename(partial, blob);
}
