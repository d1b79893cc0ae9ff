import { createHash } from 'node:crypto';
import { closeSync, createReadStream, mkdirSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Parser, type ReadEntry } from 'tar';
import { bundleIndex, type BundleIndex, type Finding } from '../../schemas/audit';
import { BudgetlineError } from '../../core/failures';
import { guardFiles, isMissing } from '../../host/fs-errors';
import {
  assertEntries,
  assertIndexBytes,
  assertIndexed,
  assertPath,
  assertUnlisted,
  bundleLimits,
  Refused,
} from './limits';
import { indexName } from './write';

/** A bundle, unpacked into a temporary folder with the layout of a BUDGETLINE_HOME. */
export interface OpenBundle {
  readonly home: string;
  readonly index: BundleIndex;
  /** Files that are missing, changed or not listed. */
  readonly findings: readonly Finding[];
  close(): Promise<void>;
}

/** Checks, before the parser reads the file, that it is an uncompressed archive that begins with its index. */
async function assertArchive(path: string): Promise<void> {
  const head = Buffer.alloc(512);
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    throw new BudgetlineError('INPUT_MISSING', `There is no file ${path}.`, { details: { path } });
  });
  await handle.read(head, 0, 512, 0).finally(() => handle.close());
  if (head.readUInt16BE(0) === 0x1f8b || head.readUInt32BE(0) === 0x28b52ffd)
    throw new Refused('compressed', 'it is compressed; bundles are not');
  const name = head.subarray(0, indexName.length + 1).toString('latin1');
  if (name !== `${indexName}\0` || head.subarray(257, 262).toString('latin1') !== 'ustar')
    throw new Refused('not-a-bundle', `it is not an archive that begins with ${indexName}`);
}

function parseIndex(text: string): BundleIndex {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new Refused('not-a-bundle', `its ${indexName} is not JSON`);
  }
  const parsed = bundleIndex.safeParse(data);
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new Refused('not-a-bundle', `the field ${field} of its ${indexName} is invalid`);
}

/** Unpacks entry by entry. Event handlers are synchronous, so entries stay in order. */
class Unpacker {
  index: BundleIndex | undefined;
  readonly #found = new Map<string, { bytes: number; sha256: string }>();
  #listed: ReadonlySet<string> = new Set();
  #entries = 0;
  #unlisted = 0;
  #total = 0;

  constructor(private readonly home: string) {}

  take(entry: ReadEntry): void {
    if (entry.type !== 'File' && entry.type !== 'OldFile')
      throw new Refused('entry-type', `${JSON.stringify(entry.path)} has the type ${entry.type}, not File`);
    assertEntries(++this.#entries);
    if (this.index === undefined) this.#takeIndex(entry);
    else this.#takeFile(entry);
  }

  #takeIndex(entry: ReadEntry): void {
    assertIndexBytes(entry.size);
    const chunks: Buffer[] = [];
    entry.on('data', (chunk: Buffer) => chunks.push(chunk));
    entry.on('end', () => {
      this.index = parseIndex(Buffer.concat(chunks).toString('utf8'));
      assertIndexed(this.index);
      this.#listed = new Set(this.index.files.map((file) => file.path));
    });
  }

  #takeFile(entry: ReadEntry): void {
    const { path, size } = entry;
    assertPath(path);
    if (this.#found.has(path)) throw new Refused('entry-twice', `${path} occurs twice`);
    this.#total += size;
    if (size > bundleLimits.fileBytes || this.#total > bundleLimits.totalBytes)
      throw new Refused('file-bytes', `${path} has ${size} bytes`);
    this.#found.set(path, { bytes: size, sha256: '' });
    if (this.#listed.has(path)) this.#write(entry, join(this.home, path));
    else this.#skip(entry);
  }

  /** A file that the index does not list is a finding; nothing reads it. */
  #skip(entry: ReadEntry): void {
    assertUnlisted(++this.#unlisted);
    entry.resume();
  }

  #write(entry: ReadEntry, target: string): void {
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    const file = openSync(target, 'wx', 0o600);
    const hash = createHash('sha256');
    entry.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      writeSync(file, chunk);
    });
    entry.on('end', () => {
      closeSync(file);
      this.#found.set(entry.path, { bytes: entry.size, sha256: hash.digest('hex') });
    });
  }

  findings(): Finding[] {
    const listed = new Map(this.index?.files.map((file) => [file.path, file]));
    const missing = [...listed.values()].flatMap((file): Finding[] => {
      const found = this.#found.get(file.path);
      if (found === undefined)
        return [
          { code: 'bundle-file-missing', where: file.path, what: 'it is listed but not in the archive' },
        ];
      const same = found.sha256 === file.sha256 && found.bytes === file.bytes;
      if (same) return [];
      return [{ code: 'bundle-file-changed', where: file.path, what: `its SHA-256 is ${found.sha256}` }];
    });
    const unlisted = [...this.#found.keys()].filter((path) => !listed.has(path));
    const extra = unlisted.map((path): Finding => {
      return { code: 'bundle-file-unlisted', where: path, what: `${indexName} does not list it` };
    });
    return [...missing, ...extra];
  }
}

async function unpack(path: string, home: string): Promise<Omit<OpenBundle, 'close'>> {
  const unpacker = new Unpacker(home);
  let refused: Refused | undefined;
  const guard = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refused ??= error;
    }
  };
  const parser = new Parser({ strict: true, maxMetaEntrySize: 4096 });
  parser.on('entry', (entry: ReadEntry) => guard(() => unpacker.take(entry)));
  parser.on(
    'error',
    () => (refused ??= new Refused('cut-short', 'its end is missing, or a header is damaged')),
  );
  for await (const chunk of createReadStream(path)) {
    guard(() => void parser.write(chunk as Buffer));
    if (refused !== undefined) throw refused;
  }
  guard(() => parser.end());
  if (refused !== undefined) throw refused;
  const { index } = unpacker;
  if (index === undefined) throw new Refused('cut-short', `it has no ${indexName}`);
  return { home, index, findings: unpacker.findings() };
}

/**
 * Unpacks a bundle within the limits, and compares its files with its index.
 *
 * @throws BudgetlineError BUNDLE_REFUSED with the reason in `details.limit`; INPUT_MISSING
 */
export async function openBundle(path: string): Promise<OpenBundle> {
  const home = await mkdtemp(join(tmpdir(), 'budgetline-bundle-'));
  const close = (): Promise<void> => rm(home, { recursive: true, force: true });
  try {
    await guardFiles(path, () => assertArchive(path));
    return { ...(await guardFiles(path, () => unpack(path, home))), close };
  } catch (error) {
    await close();
    if (!(error instanceof Refused)) throw error;
    throw new BudgetlineError('BUNDLE_REFUSED', `${path} is refused: ${error.message}.`, {
      details: { path, limit: error.limit },
    });
  }
}
