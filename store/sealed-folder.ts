/** An artifact as a folder: manifest.json with the payload's files. For stores that keep artifacts, or fetch them, so. */
import { readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { artifactManifest, type ArtifactManifest } from '../schemas/artifact';
import { BudgetlineError } from '../core/failures';
import { assertStoredFormat, isOfEarlierFormat, storedFormat } from '../core/stored-format';
import type { ArtifactId, PublishRequest, StoredArtifact } from './define';
import { describeFolder, payloadDigest, type PayloadFile } from './digest';
import { syncPath, writeSynced } from '../host/durable-files';
import { guardFiles, isMissing } from '../host/fs-errors';

const manifestName = 'manifest.json';
const isPayload = (path: string): boolean => path !== manifestName;

export function corruptArtifact(
  path: string,
  what: string,
  details: Record<string, unknown> = {},
): BudgetlineError {
  return new BudgetlineError('ARTIFACT_CORRUPT', `The artifact ${path} ${what}.`, {
    remedy: `Remove the folder ${path}; the stage will run again.`,
    details: { path, ...details },
  });
}

async function readManifestText(dir: string): Promise<string | undefined> {
  try {
    return await readFile(join(dir, manifestName), 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Parsed JSON; undefined if there is no manifest. */
async function readManifest(dir: string): Promise<unknown> {
  const text = await readManifestText(dir);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw corruptArtifact(dir, 'has a manifest.json that is not JSON');
  }
}

function parseManifest(data: unknown, id: ArtifactId, dir: string): ArtifactManifest {
  assertStoredFormat(data, join(dir, manifestName));
  const parsed = artifactManifest.safeParse(data);
  if (!parsed.success)
    throw corruptArtifact(
      dir,
      `has a manifest.json with an invalid field ${parsed.error.issues[0]?.path.join('.') ?? ''}`,
    );
  if (parsed.data.key !== id.key || parsed.data.kind !== id.kind)
    throw corruptArtifact(dir, 'has a manifest.json of another stage');
  return parsed.data;
}

async function checkSizes(dir: string, files: readonly PayloadFile[]): Promise<void> {
  for (const file of files) {
    const size = await stat(join(dir, file.path)).then(
      (info) => info.size,
      () => undefined,
    );
    if (size !== file.bytes)
      throw corruptArtifact(
        dir,
        `has ${size ?? 'no'} bytes of ${file.path}; its manifest records ${file.bytes}`,
        {
          file: file.path,
        },
      );
  }
}

/** @param data the folder's parsed manifest */
async function sealedBy(data: unknown, dir: string, id: ArtifactId): Promise<StoredArtifact | undefined> {
  if (data === undefined) return undefined;
  const manifest = parseManifest(data, id, dir);
  await checkSizes(dir, manifest.files);
  return { dir, manifest };
}

/** Whether an earlier version made the artifact in a folder, in a format that this one does not read. */
export const hasEarlierFormat = (dir: string): Promise<boolean> =>
  guardFiles(dir, async () => isOfEarlierFormat(await readManifest(dir)));

/**
 * The artifact in a folder; undefined if it has no manifest, or one of an earlier format: the stage is then made again.
 * Checks the manifest and the files' sizes, not their bytes: ARTIFACT_CORRUPT names the folder, FORMAT_UNSUPPORTED the
 * file of a later version.
 */
export async function readSealedFolder(dir: string, id: ArtifactId): Promise<StoredArtifact | undefined> {
  return guardFiles(dir, async () => {
    const data = await readManifest(dir);
    return isOfEarlierFormat(data) ? undefined : sealedBy(data, dir, id);
  });
}

function firstDifference(
  found: readonly PayloadFile[],
  recorded: readonly PayloadFile[],
): string | undefined {
  const digests = new Map(found.map((file) => [file.path, file.sha256]));
  const changed = recorded.find((file) => digests.get(file.path) !== file.sha256);
  const extra = found.find((file) => !recorded.some((other) => other.path === file.path));
  return changed?.path ?? extra?.path;
}

/** Compares every byte of an artifact with its manifest. @throws INPUT_MISSING, ARTIFACT_CORRUPT, FORMAT_UNSUPPORTED */
export async function verifySealedFolder(dir: string, id: ArtifactId): Promise<StoredArtifact> {
  const stored = await guardFiles(dir, async () => sealedBy(await readManifest(dir), dir, id));
  if (stored === undefined) throw new BudgetlineError('INPUT_MISSING', `There is no artifact ${dir}.`);
  const files = await describeFolder(stored.dir, isPayload);
  const different = firstDifference(files, stored.manifest.files);
  if (different !== undefined)
    throw corruptArtifact(stored.dir, `has a file ${different} that differs from its manifest`, {
      file: different,
    });
  if (payloadDigest(files) !== stored.manifest.digest)
    throw corruptArtifact(stored.dir, 'has a manifest.json whose digest does not match its files');
  return stored;
}

function completeManifest(request: PublishRequest, files: PayloadFile[]): ArtifactManifest {
  return artifactManifest.parse({
    ...request.manifest,
    ...request.id,
    format: storedFormat,
    digest: payloadDigest(files),
    files,
  });
}

/** Writes the manifest of a payload and syncs every file. Replaces the manifest of a crashed publish. */
export async function sealFolder(request: PublishRequest): Promise<ArtifactManifest> {
  const { dir } = request;
  const manifest = completeManifest(request, await describeFolder(dir, isPayload));
  await rm(join(dir, manifestName), { force: true });
  await writeSynced(join(dir, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`);
  await syncFolder(dir, manifest);
  return manifest;
}

/** Syncs a sealed folder to the disk. */
export async function syncFolder(dir: string, { files }: ArtifactManifest): Promise<void> {
  const paths = files.map((file) => join(dir, file.path));
  const folders = new Set(paths.map((path) => dirname(path)));
  for (const path of [...paths, ...folders, join(dir, manifestName), dir]) await syncPath(path);
}
