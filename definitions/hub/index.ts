import { BudgetlineError } from '../../core/failures';
import { describeHubReference, type HubReference } from '../../core/hub';
import { hubCache, hubCacheRoot, readRef, type Environment } from './cache';
import type { DownloadProgress } from './download';
import { listMissingFiles } from './files';
import { downloadSnapshot, listRepository, type HubRequest } from './repository';

export type { DownloadProgress } from './download';

export interface HubOptions {
  /**
   * HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE, HF_HUB_CACHE, HF_HOME and XDG_CACHE_HOME, read as huggingface_hub reads them.
   * Default: the process's environment.
   */
  readonly env?: Environment;
  readonly onProgress?: (progress: DownloadProgress) => void;
}

function planRequest(reference: HubReference, { env = process.env, onProgress }: HubOptions): HubRequest {
  const connection = { hubUrl: env['HF_ENDPOINT'] || undefined, accessToken: env['HF_TOKEN'] || undefined };
  const cache = hubCache(hubCacheRoot(env), reference);
  return { reference, cache, connection, onProgress: onProgress ?? (() => undefined) };
}

const isOffline = ({ env = process.env }: HubOptions): boolean =>
  ['1', 'ON', 'YES', 'TRUE'].includes((env['HF_HUB_OFFLINE'] ?? '').toUpperCase());

function describePlace({ cache }: HubRequest, commit: string | null): string {
  if (commit !== null) return `into ${cache.snapshot(commit)}`;
  return `into ${cache.snapshot('COMMIT')}, where COMMIT is the commit's 40 digits, and write these digits into ${cache.ref}`;
}

/** The error of fetch() only says that it failed; its cause has the reason. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** Offline: the cached snapshot, or an error with the files to put there. */
async function takeCached(request: HubRequest, reason: unknown): Promise<string> {
  const { reference, cache } = request;
  const commit = await readRef(cache, reference);
  const snapshot = cache.snapshot(commit ?? 'COMMIT');
  const missing = await listMissingFiles(snapshot);
  if (missing.length === 0) return snapshot;
  const why = reason === null ? 'HF_HUB_OFFLINE is set' : `The hub cannot be reached (${reasonOf(reason)})`;
  const message = `${why}, and the cache lacks ${missing.join(', ')} of ${describeHubReference(reference)}.`;
  throw new BudgetlineError('INPUT_MISSING', message, {
    remedy:
      `Put these files ${describePlace(request, commit)}; weights in several files need model.safetensors.index.json ` +
      'and the files that it names in place of model.safetensors. Or name a folder that has them as the model.',
    details: { field: 'model', path: snapshot, missing },
    cause: reason,
  });
}

async function requireComplete({ reference }: HubRequest, snapshot: string): Promise<string> {
  const missing = await listMissingFiles(snapshot);
  if (missing.length === 0) return snapshot;
  const what = `${describeHubReference(reference)} has no ${missing.join(', ')}`;
  throw new BudgetlineError(
    'INPUT_MISSING',
    `${what}: it is not a safetensors model with a tokenizer.json.`,
    {
      remedy: 'Name a repository that has these files.',
      details: { field: 'model', path: snapshot, missing },
    },
  );
}

/** The complete cached snapshot of a revision that is a commit, which never changes; null where there is none. */
async function findCommit({ reference, cache }: HubRequest): Promise<string | null> {
  const commit = await readRef(cache, reference);
  if (commit !== reference.revision) return null;
  const snapshot = cache.snapshot(commit);
  return (await listMissingFiles(snapshot)).length === 0 ? snapshot : null;
}

/**
 * The folder of a hub model in the shared cache. Missing files are downloaded with resume, and each is checked against
 * the digest that the hub lists. A complete snapshot of a commit needs no network.
 *
 * @throws BudgetlineError INPUT_MISSING with the files to put where, IO_FAILED
 */
export async function fetchHubModel(reference: HubReference, options: HubOptions = {}): Promise<string> {
  const request = planRequest(reference, options);
  const there = await findCommit(request);
  if (there !== null) return there;
  if (isOffline(options)) return takeCached(request, null);
  const listed = await listRepository(request).catch((error: unknown) => {
    if (error instanceof BudgetlineError) throw error;
    return { unreachable: error };
  });
  if ('unreachable' in listed) return takeCached(request, listed.unreachable);
  return requireComplete(request, await downloadSnapshot(request, listed));
}
