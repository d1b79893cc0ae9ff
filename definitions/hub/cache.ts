import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { HubReference } from '../../core/hub';
import { replaceFile } from '../../host/whole-file';

/** One model's places in the shared Hugging Face cache. */
export interface HubCache {
  readonly folder: string;
  readonly ref: string;
  snapshot(commit: string): string;
  blob(id: string): string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The cache's root, from the environment variables of huggingface_hub. */
export function hubCacheRoot(env: Environment): string {
  const home = env['HF_HOME'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'huggingface');
  return env['HF_HUB_CACHE'] ?? env['HUGGINGFACE_HUB_CACHE'] ?? join(home, 'hub');
}

export function hubCache(root: string, { name, revision }: HubReference): HubCache {
  const folder = join(root, `models--${name.replace('/', '--')}`);
  return {
    folder,
    ref: join(folder, 'refs', ...revision.split('/')),
    snapshot: (commit) => join(folder, 'snapshots', commit),
    blob: (id) => join(folder, 'blobs', id),
  };
}

export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);

/** The commit of a revision when it was last resolved; null where it never was. */
export async function readRef(cache: HubCache, { revision }: HubReference): Promise<string | null> {
  if (isCommit(revision)) return revision;
  const text = await readFile(cache.ref, 'utf8').catch(() => '');
  return isCommit(text.trim()) ? text.trim() : null;
}

export async function writeRef(cache: HubCache, { revision }: HubReference, commit: string): Promise<void> {
  if (isCommit(revision)) return;
  await mkdir(dirname(cache.ref), { recursive: true });
  replaceFile(cache.ref, [commit]);
}

/** Links a blob into a snapshot, relatively, so that the cache can be moved. */
export async function linkBlob(blob: string, place: string): Promise<void> {
  if (existsSync(place)) return;
  await mkdir(dirname(place), { recursive: true });
  await symlink(relative(dirname(place), blob), place);
}
