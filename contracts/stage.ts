import type { CodeByRole, CodeIdentity } from './code';
import type { StageMetrics } from './metrics';
import type {
  AuxiliarySpec,
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

/** The user's own code behind a stage, by what it does there. */
export type StageCode = CodeByRole<CodeIdentity>;

interface TaskSource {
  readonly task: string;
  /** With external files replaced by their digests. */
  readonly data: TaskData;
  readonly fileDigests: Readonly<Record<string, string>>;
  /** The user's own code that the stage calls; left out where it is none. */
  readonly code?: StageCode;
}

/** A task beside, with its file replaced by its digest. */
export interface HeldOutSource {
  readonly name: string;
  readonly task: string;
  readonly data: ProblemData;
  readonly code?: StageCode;
}

/** Problems that rows are bought on. */
interface PoolSource extends TaskSource {
  /** Tasks beside whose test items some problem or row is like: left out where there is none, and then in no key. */
  readonly heldOut?: readonly HeldOutSource[];
}

/** What an evaluation asks, with files replaced by their digests. */
export interface PinnedEvaluation extends Omit<EvaluationSpec, 'auxiliary'> {
  readonly auxiliary?:
    | readonly (AuxiliarySpec & {
        /** What its judge is, where its name does not say it all. */
        readonly judgeDigest?: string;
        readonly code?: StageCode;
      })[]
    | undefined;
}

/** Rows of a frozen reference's own samples: pairs; or those that are right, one a prompt, as demonstrations. */
interface Sampled extends PoolSource {
  readonly kind: 'synthesizeData';
  readonly pairs: PairSpec;
  readonly rows: number;
  readonly poolSeed: number;
  /** Seed of the sampler. */
  readonly seed: number;
}

/** What a stage computes. Only what changes its bytes stands here; all of it is in the key. */
export type StageSpec =
  | (PoolSource & {
      readonly kind: 'synthesizeData';
      readonly what: 'demonstrations';
      readonly annotator: string;
      /** What the annotator is, where its name does not say it all. */
      readonly annotatorDigest?: string;
      readonly rows: number;
      /** Seed of the pool's permutation, the same for every stage of one seed axis. */
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
      /** Which text of the data is supervised. */
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
      /** Demonstrations of the input `data` that stand before every question; left out where there are none. */
      readonly fewShot?: number;
      /** What the judge is, where its name does not say it all. */
      readonly judgeDigest?: string;
    });

export type SpecOf<K extends StageKind> = { [P in K]: Extract<StageSpec, { kind: P }> }[K];

/** Names of a stage's inputs: data, base (model to train from), adapter, reference. */
export type InputName = 'base' | 'data' | 'adapter' | 'reference';

/** An input is another stage's artifact, by key, or an external model, by content digest. */
export type StageInputRef =
  { readonly stage: StageKey; readonly kind: StageKind } | { readonly digest: string; readonly path: string };

interface StageOfKind<K extends StageKind> {
  readonly key: StageKey;
  readonly kind: K;
  readonly revision: number;
  readonly spec: SpecOf<K>;
  readonly inputs: Readonly<Partial<Record<InputName, StageInputRef>>>;
  /** Where this host has the task's external files. Not in the key. */
  readonly files: Readonly<Record<string, string>>;
  /** Of code that keeps a version: the digests that this stands for. Not in the key. */
  readonly sources?: StageCode;
  /** One line for people: "SFT on 256 demonstrations". */
  readonly title: string;
  /** Where a dataset's rows are from, for its manifest. Not in the key. */
  readonly provenance?: Provenance;
  /** Of a stage that buys rows: what writes them needs a device. Not in the key. */
  readonly onDevice?: true;
  /** Of an evaluation: who judges needs no device, so that it is given back before they are asked. Not in the key. */
  readonly judgedOffDevice?: true;
}

/**
 * A stage with its key: what the planner lists and an activity runs. Its key covers `spec`, revision and the inputs'
 * keys or digests. A union over kinds, so that `kind` tells which spec there is.
 */
export type PlannedStage<K extends StageKind = StageKind> = { [P in K]: StageOfKind<P> }[K];

/**
 * Id of an activity in its workflow: it names the stage, also while no worker has taken it. `call` is one request's own: a
 * run may ask for a stage more than once.
 */
export const activityIdOf = ({ key }: PlannedStage, call: string): string => `${key}/${call}`;

/** The stage that such an id names; undefined for an activity that runs none. */
export const stageKeyIn = (activityId: string): StageKey | undefined =>
  /^([0-9a-f]{64})\//.exec(activityId)?.[1];

/** What a stage activity is given. */
export interface StageRequest<K extends StageKind = StageKind> {
  readonly stage: PlannedStage<K>;
  readonly execution: Execution;
  /** Whose ledger chain and search attributes the attempt belongs to. */
  readonly experimentId: string;
  /** What rows and checker calls cost, for the ledger; in no key. */
  readonly prices?: Prices;
  /** Most that the stage may spend on annotation, in US dollars; in no key. */
  readonly allowanceUsd?: number;
}

/** Where the rows of a data stage are from, whatever their number and seed. */
export interface RowSource {
  readonly what: SpecOf<'synthesizeData'>['what'];
  /** Name of the annotator, digest of the user's file; empty: samples of a reference. */
  readonly from: string;
}

/** What a finished stage leaves in the history: references and metrics. */
export interface StageResult extends StageMetrics {
  readonly key: StageKey;
  readonly kind: StageKind;
  readonly title: string;
  /** SHA-256 of the artifact's payload. */
  readonly digest: string;
  /** True where the artifact was there before this workflow asked for it. */
  readonly cached: boolean;
  /** Head of the stage's ledger chain after this attempt; null for a cached artifact that has no ledger. */
  readonly ledgerHead: string | null;
  /** Data stages only. */
  readonly rowSource?: RowSource;
  readonly cost: StageCost;
  /** Checker calls that this request for the stage paid for; left out where it paid for all of them. */
  readonly newVerifierCalls?: number;
  /** What the training executable warned of while the artifact was made; left out where it warned of nothing. */
  readonly warnings?: readonly StageWarning[];
}

/** Every stage once, however many cells and controls asked for it; what ran it stands for those that found it there. */
export function uniqueResults<T extends Pick<StageResult, 'key' | 'cached'>>(results: readonly T[]): T[] {
  const byKey = new Map<StageKey, T>();
  for (const result of results) {
    const known = byKey.get(result.key);
    if (known === undefined || (known.cached && !result.cached)) byKey.set(result.key, result);
  }
  return [...byKey.values()];
}

/** A warning of the training executable, by docs/protocol.md. */
export interface StageWarning {
  readonly code: string;
  readonly message: string;
}

/** What a stage really took; zero for a cached one. */
export interface StageCost {
  readonly wallMs: number;
  readonly deviceMs: number;
  /** As far as it was measured: a trainer that was killed at its start said nothing of it. */
  readonly cpuMs: number;
  readonly tokens: number;
  readonly attempts: number;
  /** Calls of a checker or judge. */
  readonly verifierCalls: number;
}

/** What nothing costs: a stage that was there already. */
export const zeroCost: StageCost = {
  wallMs: 0,
  deviceMs: 0,
  cpuMs: 0,
  tokens: 0,
  attempts: 0,
  verifierCalls: 0,
};

/** A pointer to progress, heartbeated and at most 1 KB; the truth is on disk. */
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
  /** What of an evaluation that is judged off the device needs one; `evaluate` then finds the answers. */
  answer(request: StageRequest<'evaluate'>): Promise<void>;
};

/** Opens an experiment's ledger chain. */
export interface ExperimentOpeningRequest {
  readonly experimentId: string;
  readonly definitionDigest: string;
  /** The definition as it was started; plain JSON. */
  readonly definition: unknown;
}

/** Records in an experiment's chain which stages it used. Repeating it changes nothing. */
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

/** An experiment's chain as it stood when the workflow ended: what is anchored in the workflow's result. */
export interface AnchoredHead {
  readonly head: string;
  readonly lines: number;
  /** Present where the worker has a signing key. */
  readonly signature?: HeadSignature | undefined;
}

/** Tells in an experiment's chain who steered a run of it, and how. Repeating it changes nothing. */
export interface SteeringRecordRequest {
  readonly experimentId: string;
  readonly workflowId: string;
  /** Id of the update. */
  readonly requestId: string;
  readonly actor: string;
  readonly command: SteeringCommand;
}

/** The activities on the CPU queue that keep an experiment's own chain. */
export interface LedgerActivities {
  /** Resolves to the chain's head. */
  openExperiment(request: ExperimentOpeningRequest): Promise<string>;
  recordStages(request: StageRecordRequest): Promise<string | null>;
  /** Writes the histories of the calling workflow and its children into the store, and seals the chain behind them. */
  finalizeExperiment(request: { readonly experimentId: string }): Promise<AnchoredHead>;
  recordSteering(request: SteeringRecordRequest): Promise<string>;
  /** Puts outcomes that a history shall not carry into the store as a document; resolves to its SHA-256. */
  storeDocument(request: { readonly document: unknown }): Promise<string>;
}

/** What a workflow cannot do to itself. */
export interface RunActivities {
  /** Asks the server to cancel a run, so that it ends as cancelled and not as failed. */
  cancelRun(request: { readonly workflowId: string; readonly runId: string }): Promise<void>;
}

/** Task queues by what their workers have: a training device, or a processor. */
export const taskQueues = { gpu: 'gpu', cpu: 'cpu' } as const;
export type TaskQueue = keyof typeof taskQueues;
