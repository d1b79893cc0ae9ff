import { BudgetlineError } from '../../contracts/failures';
import { describeHubReference, type HubReference } from '../../contracts/hub';
import { hubCache, hubCacheRoot, readRef, type Environment } from './cache';
import type { DownloadProgress } from './download';
import { listMissingFiles } from './files';
import { downloadSnapshot, listRepository, type HubRequest } from './repository';

export type { DownloadProgress } from './download';

export interface HubOptions {
  /** HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE, HF_HUB_CACHE, HF_HOME and XDG_CACHE_HOME as Hugging Face's programs read them. */
  readonly env?: Environment;
  readonly onProgress?: (progress: DownloadProgress) => void;
}

function planRequest(reference: HubReference, { env = process.env, onProgress }: HubOptions): HubRequest {
  const { HF_ENDPOINT: hubUrl, HF_TOKEN: accessToken } = env;
  const connection = { ...(hubUrl ? { hubUrl } : {}), ...(accessToken ? { accessToken } : {}) };
  const cache = hubCache(hubCacheRoot(env), reference);
  return { reference, cache, connection, onProgress: onProgress ?? (() => undefined) };
}

const isOffline = ({ env = process.env }: HubOptions): boolean =>
  ['1', 'ON', 'YES', 'TRUE'].includes((env['HF_HUB_OFFLINE'] ?? '').toUpperCase());

function describePlace({ cache }: HubRequest, commit: string | null): string {
  if (commit !== null) return `into ${cache.snapshot(commit)}`;
  return `into ${cache.snapshot('COMMIT')}, and the commit's 40 digits, in place of COMMIT too, into ${cache.ref}`;
}

/** fetch() says only that it failed; what failed is below. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** Without the hub: what the cache has, or what must be put there. */
async function takeCached(request: HubRequest, reason: unknown): Promise<string> {
  const { reference, cache } = request;
  const commit = await readRef(cache, reference);
  const snapshot = cache.snapshot(commit ?? 'COMMIT');
  const missing = await listMissingFiles(snapshot);
  if (missing.length === 0) return snapshot;
  const why = reason === null ? 'HF_HUB_OFFLINE is set' : `The hub cannot be asked (${reasonOf(reason)})`;
  const message = `${why}, and of ${describeHubReference(reference)} the cache lacks ${missing.join(', ')}.`;
  throw new BudgetlineError('INPUT_MISSING', message, {
    remedy:
      `Put these files ${describePlace(request, commit)}; weights in several files need model.safetensors.index.json ` +
      'and the files that it names in place of model.safetensors. Or name a folder that has them as the model.',
    details: { field: 'model', path: snapshot, missing },
    cause: reason,
  });
}

async function requireWhole({ reference }: HubRequest, snapshot: string): Promise<string> {
  const missing = await listMissingFiles(snapshot);
  if (missing.length === 0) return snapshot;
  const what = `${describeHubReference(reference)} has no ${missing.join(', ')}`;
  throw new BudgetlineError(
    'INPUT_MISSING',
    `${what}: it is no model in safetensors with a tokenizer.json.`,
    {
      remedy: 'Name a repository that has these files.',
      details: { field: 'model', path: snapshot, missing },
    },
  );
}

/** The snapshot of a revision that is a commit, where all of it is there: it can never change. */
async function findCommit({ reference, cache }: HubRequest): Promise<string | null> {
  const commit = await readRef(cache, reference);
  if (commit !== reference.revision) return null;
  const snapshot = cache.snapshot(commit);
  return (await listMissingFiles(snapshot)).length === 0 ? snapshot : null;
}

/**
 * The folder of a hub model in the shared cache, downloaded where it is not there yet: in pieces that a cut connection
 * does not lose, each file checked by the digest that the hub lists. A commit that is there whole needs no network.
 *
 * @throws BudgetlineError INPUT_MISSING naming what to put where, IO_FAILED
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
  return requireWhole(request, await downloadSnapshot(request, listed));
}
