import type { AuxiliarySpec } from '../schemas/auxiliary-tasks';
import type { CodeByRole, CodeIdentity } from './code';
import type { StageMetrics } from './metrics';
import type {
  EvaluationSpec,
  Execution,
  PairSpec,
  Prices,
  ProblemData,
  TaskData,
} from '../schemas/definition';
import type { TrainingSpec } from '../schemas/training';
import type { UserRowsSource } from '../schemas/user-rows';
import type { PreferenceLoss } from '../schemas/losses';
import type { Provenance } from './provenance';
import type { SteeringCommand } from '../schemas/steering';

/** The stages of an experiment, in the order in which a cell runs them. */
export const stageKinds = [
  'synthesizeData',
  'trainSft',
  'freezeReference',
  'trainPreference',
  'evaluate',
] as const;
export type StageKind = (typeof stageKinds)[number];

/** SHA-256 of a stage's canonical spec, revision and input keys, hexadecimal. Known before anything runs. */
export type StageKey = string;

/** The user's own code behind a stage, by role. */
export type StageCode = CodeByRole<CodeIdentity>;

interface TaskSource {
  readonly task: string;
  /** External files are replaced by their digests. */
  readonly data: TaskData;
  readonly fileDigests: Readonly<Record<string, string>>;
  /** The user's own code that the stage calls; left out if there is none. */
  readonly code?: StageCode;
}

/** An auxiliary task, with its file replaced by its digest. */
export interface HeldOutSource {
  readonly name: string;
  readonly task: string;
  readonly data: ProblemData;
  readonly code?: StageCode;
}

/** The problems for which a data stage buys rows. */
interface PoolSource extends TaskSource {
  /**
   * Auxiliary tasks whose test items overlap a problem or row, which is then excluded. Left out if none overlaps; then
   * the key does not change.
   */
  readonly heldOut?: readonly HeldOutSource[];
}

/** What an evaluation runs, with files replaced by their digests. */
export interface PinnedEvaluation extends Omit<EvaluationSpec, 'auxiliary'> {
  readonly auxiliary?:
    | readonly (AuxiliarySpec & {
        /** Identity of the judge, if its name alone does not identify it. */
        readonly judgeDigest?: string;
        readonly code?: StageCode;
      })[]
    | undefined;
}

/** Rows from a frozen reference's own samples: pairs, or one correct sample per prompt as a demonstration. */
interface Sampled extends PoolSource {
  readonly kind: 'synthesizeData';
  readonly pairs: PairSpec;
  readonly rows: number;
  readonly poolSeed: number;
  /** Seed of the sampler. */
  readonly seed: number;
}

/** What a stage computes. Holds only what changes the result's bytes; all of it is in the key. */
export type StageSpec =
  | (PoolSource & {
      readonly kind: 'synthesizeData';
      readonly what: 'demonstrations';
      readonly annotator: string;
      /** Identity of the annotator, if its name alone does not identify it. */
      readonly annotatorDigest?: string;
      readonly rows: number;
      /** Seed of the pool's permutation, shared by all stages of one seed. */
      readonly poolSeed: number;
    })
  | (Sampled & { readonly what: 'pairs' })
  | (Sampled & { readonly what: 'rejection-samples' })
  | (PoolSource & {
      readonly kind: 'synthesizeData';
      /** Rows of the user's own file, in the order of the pool's permutation. */
      readonly what: 'user-demonstrations' | 'user-preferences';
      readonly userRows: UserRowsSource;
      readonly rows: number;
      readonly poolSeed: number;
    })
  | {
      readonly kind: 'trainSft';
      /** Text that is trained on. */
      readonly column: 'completion' | 'chosen';
      readonly training: TrainingSpec;
      readonly seed: number;
      readonly dtype: 'f32';
    }
  | { readonly kind: 'freezeReference' }
  | {
      readonly kind: 'trainPreference';
      readonly loss: PreferenceLoss;
      readonly training: TrainingSpec;
      readonly seed: number;
      readonly dtype: 'f32';
    }
  | (TaskSource & {
      readonly kind: 'evaluate';
      readonly evaluation: PinnedEvaluation;
      /** Demonstrations from the input `data` before each question; left out if there are none. */
      readonly fewShot?: number;
      /** Identity of the judge, if its name alone does not identify it. */
      readonly judgeDigest?: string;
    });

export type SpecOf<K extends StageKind> = { [P in K]: Extract<StageSpec, { kind: P }> }[K];

/** A stage's inputs: data, base (model to train from), adapter, reference. */
export type InputName = 'base' | 'data' | 'adapter' | 'reference';

/** Another stage's artifact, by key, or an external model, by content digest. */
export type StageInputRef =
  { readonly stage: StageKey; readonly kind: StageKind } | { readonly digest: string; readonly path: string };

interface StageOfKind<K extends StageKind> {
  readonly key: StageKey;
  readonly kind: K;
  readonly revision: number;
  readonly spec: SpecOf<K>;
  readonly inputs: Readonly<Partial<Record<InputName, StageInputRef>>>;
  /** Paths of the task's external files on this host. Not in the key. */
  readonly files: Readonly<Record<string, string>>;
  /** For code with a `version`: the digests that it replaces. Not in the key. */
  readonly sources?: StageCode;
  /** One line for people: "SFT on 256 demonstrations". */
  readonly title: string;
  /** Sources of a dataset's rows, for its manifest. Not in the key. */
  readonly provenance?: Provenance;
  /** Data stages only: the annotator needs a GPU. Not in the key. */
  readonly onDevice?: true;
  /** Evaluations only: the judge needs no GPU, so the GPU is released before judging. Not in the key. */
  readonly judgedOffDevice?: true;
}

/**
 * A stage with its key, as the planner lists it and an activity runs it. The key covers `spec`, revision
 * and the inputs' keys or digests. A union over kinds: `kind` determines the type of `spec`.
 */
export type PlannedStage<K extends StageKind = StageKind> = { [P in K]: StageOfKind<P> }[K];

/**
 * Id of a stage's activity. It names the stage, also while no worker has taken it. `call` distinguishes
 * requests: a run may request a stage more than once.
 */
export const activityIdOf = ({ key }: PlannedStage, call: string): string => `${key}/${call}`;

/** The stage key in an activity id; undefined if the activity runs no stage. */
export const stageKeyIn = (activityId: string): StageKey | undefined =>
  /^([0-9a-f]{64})\//.exec(activityId)?.[1];

/** Input of a stage activity. */
export interface StageRequest<K extends StageKind = StageKind> {
  readonly stage: PlannedStage<K>;
  readonly execution: Execution;
  /** Experiment whose ledger chain and search attributes the attempt belongs to. */
  readonly experimentId: string;
  /** Prices of rows and verifier calls, for the ledger. Not in the key. */
  readonly prices?: Prices;
  /** The most that the stage may spend on annotation, in US dollars. Not in the key. */
  readonly allowanceUsd?: number;
}

/** The source of a data stage's rows; the same for every number of rows and seed. */
export interface RowSource {
  readonly what: SpecOf<'synthesizeData'>['what'];
  /** Name of the annotator, digest of the user's file; empty: samples of a reference. */
  readonly from: string;
}

/** The result of a finished stage in the workflow history: references and metrics. */
export interface StageResult extends StageMetrics {
  readonly key: StageKey;
  readonly kind: StageKind;
  readonly title: string;
  /** SHA-256 of the artifact's payload. */
  readonly digest: string;
  /** True if the artifact existed before this workflow requested it. */
  readonly cached: boolean;
  /** Head of the stage's ledger chain after this attempt; null for a cached artifact without a ledger. */
  readonly ledgerHead: string | null;
  /** Data stages only. */
  readonly rowSource?: RowSource;
  readonly cost: StageCost;
  /** Verifier calls that this request paid for; left out if it paid for all of them. */
  readonly newVerifierCalls?: number;
  /** Warnings of the training executable while it made the artifact; left out if there are none. */
  readonly warnings?: readonly StageWarning[];
}

/** Each stage once, however many cells and controls used it. Prefers the result of the request that ran it. */
export function uniqueResults<T extends Pick<StageResult, 'key' | 'cached'>>(results: readonly T[]): T[] {
  const byKey = new Map<StageKey, T>();
  for (const result of results) {
    const known = byKey.get(result.key);
    if (known === undefined || (known.cached && !result.cached)) byKey.set(result.key, result);
  }
  return [...byKey.values()];
}

/** A warning from the training executable (docs/protocol.md). */
export interface StageWarning {
  readonly code: string;
  readonly message: string;
}

/** What a stage cost, as measured; zero for a cached one. */
export interface StageCost {
  readonly wallMs: number;
  readonly deviceMs: number;
  /** Measured part: a trainer that was killed at its start reported nothing. */
  readonly cpuMs: number;
  readonly tokens: number;
  readonly attempts: number;
  /** Calls of a verifier or judge. */
  readonly verifierCalls: number;
}

/** Cost of a cached stage. */
export const zeroCost: StageCost = {
  wallMs: 0,
  deviceMs: 0,
  cpuMs: 0,
  tokens: 0,
  attempts: 0,
  verifierCalls: 0,
};

/** Heartbeat details, at most 1 KB. The full progress is on disk. */
export interface StageProgress {
  readonly key: StageKey;
  readonly kind: StageKind;
  readonly phase: string;
  readonly step: number;
  readonly steps: number;
  readonly loss?: number;
  readonly tokensPerSecond?: number;
  readonly secondsLeft?: number;
}

/** The activities behind the stage functions, by their names in Temporal. */
export type StageActivities = {
  [K in StageKind]: (request: StageRequest<K>) => Promise<StageResult>;
} & {
  /**
   * Generates the answers of an evaluation whose judge needs no GPU. `evaluate` then finds the answers.
   */
  answer(request: StageRequest<'evaluate'>): Promise<void>;
};

/** Opens an experiment's ledger chain. */
export interface ExperimentOpeningRequest {
  readonly experimentId: string;
  readonly definitionDigest: string;
  /** The definition as it was started; plain JSON. */
  readonly definition: unknown;
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
  /** Returns the chain's head. */
  openExperiment(request: ExperimentOpeningRequest): Promise<string>;
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

/** Task queues: workers with a GPU or another training device, and workers without. */
export const taskQueues = { gpu: 'gpu', cpu: 'cpu' } as const;
export type TaskQueue = keyof typeof taskQueues;
