import { join } from 'node:path';
import type { HubApiError } from '@huggingface/hub';
import { BudgetlineError } from '../../core/failures';
import { describeHubReference, type HubReference } from '../../core/hub';
import { isCommit, linkBlob, writeRef, type HubCache } from './cache';
import { downloadBlob, type DownloadProgress, type RemoteFile } from './download';
import { isModelFile } from './files';

/** A model with its cache and connection. */
export interface HubRequest {
  readonly reference: HubReference;
  readonly cache: HubCache;
  readonly connection: { readonly hubUrl?: string; readonly accessToken?: string };
  readonly onProgress: (progress: DownloadProgress) => void;
}

/** A model's files at one commit. */
export interface Listing {
  readonly commit: string;
  readonly files: readonly RemoteFile[];
}

/** The hub has no such model, or not for this user. */
function refuse({ reference }: HubRequest, error: HubApiError): BudgetlineError {
  const remedy =
    error.statusCode === 404
      ? 'Compare owner, name and revision with the model’s page.'
      : 'Request access on the model’s page and set HF_TOKEN to your token.';
  const message = `The hub refuses ${describeHubReference(reference)}: ${error.message}`;
  return new BudgetlineError('INPUT_MISSING', message, {
    remedy,
    details: { field: 'model', status: error.statusCode },
    cause: error,
  });
}

const refusals = [401, 403, 404];

/** Ids of blobs and commits become paths, so only digests are accepted. */
function requireDigests({ commit, files }: Listing): Listing {
  const odd = files.find(({ id }) => !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id));
  if (isCommit(commit) && odd === undefined) return { commit, files };
  throw new BudgetlineError('IO_FAILED', `The hub lists ${odd?.path ?? 'its commit'} without a digest.`);
}

/** Lists a revision's files. @throws INPUT_MISSING where the hub refuses; another error where it cannot be reached. */
export async function listRepository(request: HubRequest): Promise<Listing> {
  const { reference, connection } = request;
  const hub = await import('@huggingface/hub');
  try {
    const { sha } = await hub.modelInfo({ ...reference, ...connection, additionalFields: ['sha'] });
    const files: RemoteFile[] = [];
    for await (const entry of hub.listFiles({ repo: reference.name, revision: sha, ...connection }))
      if (entry.type === 'file' && isModelFile(entry.path))
        files.push({ path: entry.path, bytes: entry.size, id: entry.lfs?.oid ?? entry.oid ?? '' });
    return requireDigests({ commit: sha, files });
  } catch (error) {
    if (error instanceof hub.HubApiError && refusals.includes(error.statusCode)) throw refuse(request, error);
    throw error;
  }
}

/** Downloads missing files and returns the snapshot's folder. @throws BudgetlineError IO_FAILED */
export async function downloadSnapshot(request: HubRequest, { commit, files }: Listing): Promise<string> {
  const { reference, cache, connection, onProgress } = request;
  const { downloadFile } = await import('@huggingface/hub');
  const open = async (path: string): Promise<Blob> => {
    // Plain range requests: only these can resume.
    const place = { repo: reference.name, path, revision: commit, xet: false, ...connection };
    const content = await downloadFile(place);
    if (content === null)
      throw new BudgetlineError('IO_FAILED', `The hub lists ${path} but does not serve it.`);
    return content;
  };
  const snapshot = cache.snapshot(commit);
  for (const file of files) {
    const blob = cache.blob(file.id);
    await downloadBlob({ file, blob, open: () => open(file.path), onProgress });
    await linkBlob(blob, join(snapshot, file.path));
  }
  await writeRef(cache, reference, commit);
  return snapshot;
}
