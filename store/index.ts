/** Artifacts by content, claims with fences, and where everything lies below one BUDGETLINE_HOME. */
import { join } from 'node:path';
import {
  publishArtifact,
  readArtifact,
  verifyArtifact,
  type FenceCheck,
  type PublishedArtifact,
  type PublishRequest,
  type StoredArtifact,
} from './artifacts';
import { acquireClaim, readClaimHolder, type ClaimOutcome } from './claims';
import type { ClaimRecord } from '../schemas/claim';
import { storeDocument, readDocument } from './documents';
import { ensureDir } from './durable-files';
import { storePaths, type ArtifactId, type StorePaths } from './paths';

export type { FenceCheck, PublishedArtifact, PublishRequest, StoredArtifact } from './artifacts';
export type { Claim, ClaimOutcome } from './claims';
export type { ClaimRecord } from '../schemas/claim';
export type { ArtifactId, StorePaths } from './paths';
export type { PayloadFile } from './digest';
export type { ProcessIdentity } from './process-identity';
export { describeFolder, digestFile, payloadDigest } from './digest';
export { appendLines, siblingName, ensureDir, syncPath, writeFileAtomic } from './durable-files';
export { writeOutput, writeOutputFolder, writeOutputs, type OutputOptions } from './outputs';
export { errnoOf, guardFiles, isMissing, toStoreError } from './fs-errors';
export {
  awaitProcessEnd,
  commandOf,
  endProcess,
  identifyOwnProcess,
  identifyProcess,
  isProcessAlive,
  parentOf,
  processStartTime,
  signalProcess,
} from './process-identity';
export { readModelPositions, readModelSize } from './model-facts';
export { describeModel, listWeightFiles } from './model-files';
export { storePaths } from './paths';

export interface StoreOptions {
  /**
   * How long a claim outlives a holder that says nothing and whose process cannot be looked at from here;
   * 30 seconds unless told.
   */
  readonly leaseMs?: number;
}

/** A folder of artifacts, claims and scratch that several workers share. */
export interface Store {
  readonly paths: StorePaths;
  /** Creates the store's folders: STORE_UNWRITABLE or DISK_FULL where that cannot be. */
  prepare(): Promise<void>;
  /** A published artifact, or undefined. Manifest and sizes are checked: ARTIFACT_CORRUPT. */
  readArtifact(id: ArtifactId): Promise<StoredArtifact | undefined>;
  /** A published artifact, every byte compared with its manifest: INPUT_MISSING, ARTIFACT_CORRUPT. */
  verifyArtifact(id: ArtifactId): Promise<StoredArtifact>;
  /** Moves a finished payload into place under the fence; the first publish wins, a later one adopts it. CLAIM_LOST. */
  publish(request: PublishRequest, fence: FenceCheck): Promise<PublishedArtifact>;
  /** Keeps plain JSON; resolves to the SHA-256 of its text. */
  storeDocument(value: unknown): Promise<string>;
  /** INPUT_MISSING, ARTIFACT_CORRUPT. */
  readDocument(digest: string): Promise<unknown>;
  /** Takes the claim on a key, or says who holds it. `holder` is a name for people. */
  claim(key: string, holder: string): Promise<ClaimOutcome>;
  claimHolder(key: string): Promise<ClaimRecord | undefined>;
}

const folders = [
  ...['artifacts', 'claims', 'runs', 'ledger/stages', 'ledger/experiments'],
  ...['histories', 'anchors', 'code'],
];

/** The store below a home folder. Nothing is created before it is needed, or `prepare` is called. */
export function createStore(home: string, options: StoreOptions = {}): Store {
  const paths = storePaths(home);
  const leaseMs = options.leaseMs ?? 30_000;
  return {
    paths,
    async prepare() {
      for (const name of folders) await ensureDir(join(paths.home, 'store', name));
    },
    readArtifact: (id) => readArtifact(paths, id),
    verifyArtifact: (id) => verifyArtifact(paths, id),
    publish: (request, fence) => publishArtifact(paths, request, fence),
    storeDocument: (value) => storeDocument(paths, value),
    readDocument: (digest) => readDocument(paths, digest),
    claim: (key, holder) => acquireClaim({ key, dir: paths.claims(key), holder }, { leaseMs }),
    claimHolder: (key) => readClaimHolder(paths.claims(key)),
  };
}
