import type { Execution, Prices } from '../schemas/definition';
import type { SteeringCommand } from '../schemas/steering';
import type { FailureCode } from '../core/failures';
import type { PinnedMember } from '../core/members';
import type { PlannedStage, StageKey, StageResult } from './stage';

/** Input of a stage activity. */
export interface StageRequest {
  readonly stage: PlannedStage;
  readonly execution: Execution;
  /** Experiment whose ledger chain and search attributes the attempt belongs to. */
  readonly experimentId: string;
  /** The user's family of the models that the stage opens. The base model's digest has its code. */
  readonly family?: PinnedMember;
  /** List prices of rows and verifier calls. Not in the key. */
  readonly prices: Prices;
  /** The most that the stage may spend on annotation, in US dollars. Not in the key. */
  readonly allowanceUsd?: number;
}

/** What a stage waits for outside of it, as the heartbeat of one attempt passes it to the next. */
export interface Outage {
  readonly code: FailureCode;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** The furthest step that an attempt has finished. */
  readonly step: number;
}

/** Heartbeat details, at most 1 KB. The full progress is on disk. */
export interface StageProgress {
  readonly key: StageKey;
  readonly kind: string;
  readonly phase: string;
  readonly step: number;
  readonly steps: number;
  readonly loss?: number;
  readonly tokensPerSecond?: number;
  readonly secondsLeft?: number;
  readonly outage?: Outage;
}

/** Opens an experiment's ledger chain. */
export interface ExperimentOpeningRequest {
  readonly experimentId: string;
  readonly definitionDigest: string;
  /** The definition as it was started; plain JSON. */
  readonly definition: unknown;
  /** The users' members that it names. */
  readonly members?: PinnedMember[];
}

/** An opened chain, and what its workflow cannot know. */
export interface OpenedExperiment {
  readonly head: string;
  /** Whether the server has Budgetline's search attributes. */
  readonly searchable: boolean;
}

/** Records in an experiment's chain which stages it used. Idempotent. */
export interface StageRecordRequest {
  readonly experimentId: string;
  readonly stages: readonly Pick<StageResult, 'key' | 'kind' | 'cached' | 'digest' | 'ledgerHead'>[];
}

/** An ed25519 signature over a chain's head. */
export interface HeadSignature {
  /** SubjectPublicKeyInfo, DER, base64. */
  readonly publicKey: string;
  /** Base64; over the text that `audit/signing.ts` describes. */
  readonly signature: string;
}

/** An experiment's chain when the workflow ended. It is anchored in the workflow's result. */
export interface AnchoredHead {
  readonly head: string;
  readonly lines: number;
  /** Present if the worker has a signing key. */
  readonly signature?: HeadSignature | undefined;
}

/** Records in an experiment's chain who steered a run of it, and how. Idempotent. */
export interface SteeringRecordRequest {
  readonly experimentId: string;
  readonly workflowId: string;
  /** Id of the update. */
  readonly requestId: string;
  readonly actor: string;
  readonly command: SteeringCommand;
}

/** Activities on the CPU queue that write an experiment's own chain. */
export interface LedgerActivities {
  openExperiment(request: ExperimentOpeningRequest): Promise<OpenedExperiment>;
  recordStages(request: StageRecordRequest): Promise<string | null>;
  /** Exports the histories of the calling workflow and its children into the store, and seals the chain. */
  finalizeExperiment(request: { readonly experimentId: string }): Promise<AnchoredHead>;
  recordSteering(request: SteeringRecordRequest): Promise<string>;
  /** Stores results that are too large for a history as a document, and returns its SHA-256. */
  storeDocument(request: { readonly document: unknown }): Promise<string>;
}

/** Activities that act on the calling run. */
export interface RunActivities {
  /** Asks the server to cancel a run, so that it ends as cancelled and not as failed. */
  cancelRun(request: { readonly workflowId: string; readonly runId: string }): Promise<void>;
}
