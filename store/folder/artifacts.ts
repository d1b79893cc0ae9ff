import { cp, readdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ArtifactManifest } from '../../schemas/artifact';
import type { ArtifactId, FenceCheck, PublishedArtifact, PublishRequest } from '../define';
import { ensureDir, siblingName, syncPath } from '../../host/durable-files';
import { errnoOf, guardFiles, isMissing } from '../../host/fs-errors';
import {
  corruptArtifact,
  hasEarlierFormat,
  readSealedFolder,
  sealFolder,
  syncFolder,
} from '../sealed-folder';
import { parseArtifactName, type FolderLayout } from './layout';

/** Renames a folder, durably. False if a folder with files has the name already. */
export async function moveIntoPlace(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    await syncPath(dirname(to));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOTEMPTY' || errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

interface Move {
  readonly from: string;
  readonly to: string;
  readonly manifest: ArtifactManifest;
  readonly fence: FenceCheck;
}

/** Publishes from another disk: copies next to the target, checks the fence again, and renames the copy. */
async function copyIntoPlace({ from, to, manifest, fence }: Move): Promise<boolean> {
  const partial = siblingName(to);
  try {
    await cp(from, partial, { recursive: true });
    await syncFolder(partial, manifest);
    await fence.check();
    if (!(await moveIntoPlace(partial, to))) return false;
    await rm(from, { recursive: true, force: true });
    return true;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function place(move: Move): Promise<boolean> {
  try {
    return await moveIntoPlace(move.from, move.to);
  } catch (error) {
    if (errnoOf(error) === 'EXDEV') return copyIntoPlace(move);
    throw error;
  }
}

async function adopt(to: string, { id, dir }: PublishRequest): Promise<PublishedArtifact> {
  const stored = await readSealedFolder(to, id);
  if (stored === undefined) throw corruptArtifact(to, 'has files but no manifest.json');
  await rm(dir, { recursive: true, force: true });
  return { ...stored, adopted: true };
}

/**
 * Digests, manifest, sync, fence check, one rename. A later publish drops its own folder. An artifact of an earlier format
 * is replaced.
 */
export async function publishArtifact(
  layout: FolderLayout,
  request: PublishRequest,
  fence: FenceCheck,
): Promise<PublishedArtifact> {
  const to = layout.part({ artifact: request.id });
  return guardFiles(to, async () => {
    const manifest = await sealFolder(request);
    await ensureDir(layout.artifacts);
    await fence.check();
    if (await hasEarlierFormat(to)) await rm(to, { recursive: true });
    if (await place({ from: request.dir, to, manifest, fence })) return { dir: to, manifest, adopted: false };
    return adopt(to, request);
  });
}

/** Names in a folder; none if it is missing. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

export async function listArtifacts({ artifacts }: FolderLayout, prefix: string): Promise<ArtifactId[]> {
  const ids = (await namesIn(artifacts)).flatMap((name) => parseArtifactName(name) ?? []);
  return ids.filter(({ key }) => key.startsWith(prefix));
}
