import { readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { artifactManifest, type ArtifactManifest } from '../schemas/artifact';
import { BudgetlineError } from '../contracts/failures';
import { describeFolder, payloadDigest, type PayloadFile } from './digest';
import { ensureDir, syncPath, writeSynced } from './durable-files';
import { errnoOf, guardFiles, isMissing } from './fs-errors';
import type { ArtifactId, StorePaths } from './paths';

const manifestName = 'manifest.json';
const isPayload = (path: string): boolean => path !== manifestName;

/** A published artifact: its payload folder and its manifest. */
export interface StoredArtifact {
  readonly dir: string;
  readonly manifest: ArtifactManifest;
}

/** What a stage made, ready to be published. */
export interface PublishRequest {
  readonly id: ArtifactId;
  /** The finished payload, on the store's own disk. Publishing moves it. */
  readonly dir: string;
  /** The manifest without the fields that are computed from the payload. */
  readonly manifest: Omit<ArtifactManifest, 'format' | 'key' | 'kind' | 'digest' | 'files'>;
}

export interface PublishedArtifact extends StoredArtifact {
  /** True if another attempt had published before; then this is its artifact. */
  readonly adopted: boolean;
}

/** Checked just before publishing: a claim with an outdated fence throws CLAIM_LOST. */
export interface FenceCheck {
  check(): Promise<void>;
}

function corrupt(path: string, what: string, details: Record<string, unknown> = {}): BudgetlineError {
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

function parseManifest(text: string, id: ArtifactId, dir: string): ArtifactManifest {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw corrupt(dir, 'has a manifest.json that is not JSON');
  }
  const parsed = artifactManifest.safeParse(data);
  if (!parsed.success)
    throw corrupt(
      dir,
      `has a manifest.json with an invalid field ${parsed.error.issues[0]?.path.join('.') ?? ''}`,
    );
  if (parsed.data.key !== id.key || parsed.data.kind !== id.kind)
    throw corrupt(dir, 'has a manifest.json of another stage');
  return parsed.data;
}

async function checkSizes(dir: string, files: readonly PayloadFile[]): Promise<void> {
  for (const file of files) {
    const size = await stat(join(dir, file.path)).then(
      (info) => info.size,
      () => undefined,
    );
    if (size !== file.bytes)
      throw corrupt(dir, `has ${size ?? 'no'} bytes of ${file.path}; its manifest records ${file.bytes}`, {
        file: file.path,
      });
  }
}

/**
 * A published artifact, or undefined. Checks the manifest and the files' sizes, not their bytes:
 * ARTIFACT_CORRUPT names the folder.
 */
export async function readArtifact(paths: StorePaths, id: ArtifactId): Promise<StoredArtifact | undefined> {
  const dir = paths.artifact(id);
  return guardFiles(dir, async () => {
    const text = await readManifestText(dir);
    if (text === undefined) return undefined;
    const manifest = parseManifest(text, id, dir);
    await checkSizes(dir, manifest.files);
    return { dir, manifest };
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

/** Compares every byte of an artifact with its manifest. @throws INPUT_MISSING, ARTIFACT_CORRUPT */
export async function verifyArtifact(paths: StorePaths, id: ArtifactId): Promise<StoredArtifact> {
  const stored = await readArtifact(paths, id);
  if (stored === undefined)
    throw new BudgetlineError('INPUT_MISSING', `There is no artifact ${paths.artifact(id)}.`);
  const files = await describeFolder(stored.dir, isPayload);
  const different = firstDifference(files, stored.manifest.files);
  if (different !== undefined)
    throw corrupt(stored.dir, `has a file ${different} that differs from its manifest`, {
      file: different,
    });
  if (payloadDigest(files) !== stored.manifest.digest)
    throw corrupt(stored.dir, 'has a manifest.json whose digest does not match its files');
  return stored;
}

function completeManifest(request: PublishRequest, files: PayloadFile[]): ArtifactManifest {
  return artifactManifest.parse({
    ...request.manifest,
    ...request.id,
    format: 1,
    digest: payloadDigest(files),
    files,
  });
}

/** Writes and syncs manifest and payload, ready for the rename. Replaces the manifest of a crashed publish. */
async function sealFolder(request: PublishRequest): Promise<ArtifactManifest> {
  const manifest = completeManifest(request, await describeFolder(request.dir, isPayload));
  await rm(join(request.dir, manifestName), { force: true });
  await writeSynced(join(request.dir, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`);
  const folders = new Set(manifest.files.map((file) => dirname(join(request.dir, file.path))));
  for (const path of [...manifest.files.map((file) => join(request.dir, file.path)), ...folders, request.dir])
    await syncPath(path);
  return manifest;
}

/** False if an artifact exists already. */
async function moveIntoPlace(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    await syncPath(dirname(to));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOTEMPTY' || errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function adopt(paths: StorePaths, request: PublishRequest): Promise<PublishedArtifact> {
  const stored = await readArtifact(paths, request.id);
  if (stored === undefined) throw corrupt(paths.artifact(request.id), 'has files but no manifest.json');
  await rm(request.dir, { recursive: true, force: true });
  return { ...stored, adopted: true };
}

/**
 * Publishes a finished payload: digests, manifest, sync, fence check, one rename. The first publish wins; a
 * later one adopts the winner's artifact and drops its own folder.
 */
export async function publishArtifact(
  paths: StorePaths,
  request: PublishRequest,
  fence: FenceCheck,
): Promise<PublishedArtifact> {
  const dir = paths.artifact(request.id);
  return guardFiles(dir, async () => {
    const manifest = await sealFolder(request);
    await ensureDir(paths.artifacts);
    await fence.check();
    if (await moveIntoPlace(request.dir, dir)) return { dir, manifest, adopted: false };
    return adopt(paths, request);
  });
}
