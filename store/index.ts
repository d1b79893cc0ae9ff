/** Artifacts by key, claims with fences, and the layout of a BUDGETLINE_HOME. */
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
   * Milliseconds after which a silent holder loses its claim, if its process cannot be checked from here.
   * Default: 30,000.
   */
  readonly leaseMs?: number;
}

/** A folder of artifacts, claims and run folders that several workers share. */
export interface Store {
  readonly paths: StorePaths;
  /** Creates the store's folders. @throws STORE_UNWRITABLE, DISK_FULL */
  prepare(): Promise<void>;
  /** A published artifact, or undefined. Checks manifest and sizes: ARTIFACT_CORRUPT. */
  readArtifact(id: ArtifactId): Promise<StoredArtifact | undefined>;
  /** A published artifact, with every byte compared to its manifest: INPUT_MISSING, ARTIFACT_CORRUPT. */
  verifyArtifact(id: ArtifactId): Promise<StoredArtifact>;
  /**
   * Moves a finished payload into place under the fence. The first publish wins; a later one adopts its
   * artifact. CLAIM_LOST.
   */
  publish(request: PublishRequest, fence: FenceCheck): Promise<PublishedArtifact>;
  /** Stores plain JSON; returns the SHA-256 of its text. */
  storeDocument(value: unknown): Promise<string>;
  /** INPUT_MISSING, ARTIFACT_CORRUPT. */
  readDocument(digest: string): Promise<unknown>;
  /** Takes the claim on a key, or returns its holder. `holder` is a name for people. */
  claim(key: string, holder: string): Promise<ClaimOutcome>;
  claimHolder(key: string): Promise<ClaimRecord | undefined>;
}

const folders = [
  ...['artifacts', 'claims', 'runs', 'ledger/stages', 'ledger/experiments'],
  ...['histories', 'anchors', 'code'],
];

/** The store below a home folder. Folders are created when needed, or by `prepare`. */
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
