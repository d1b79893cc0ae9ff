/** Artifacts by key, claims with fences, ledgers and records: the interface of stores, and the store in a folder. */
export { defineStore } from './define';
export type {
  AnnotationFolder,
  ArtifactId,
  Chain,
  ChainId,
  ChainRules,
  Claim,
  ClaimOutcome,
  FenceCheck,
  MadeGenerations,
  PublishedArtifact,
  PublishRequest,
  RecordId,
  Store,
  StoredArtifact,
  StoredGenerations,
  StorePart,
  StoreRules,
} from './define';
export type { ClaimRecord } from '../schemas/claim';
export { createFolderStore, nameInFolder, type FolderStoreOptions } from './folder';
export { corruptArtifact, readSealedFolder, sealFolder, verifySealedFolder } from './sealed-folder';
export type { PayloadFile } from './digest';
export type { ProcessIdentity } from './process-identity';
export { describeFolder, digestFile, listFiles, payloadDigest } from './digest';
export { writeOutput, writeOutputFolder, writeOutputs, type OutputOptions } from './outputs';
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
