import type { StageCode } from '../core/code';
import type { PinnedMember } from '../core/members';
import type { StageMetrics } from './metrics';
import type { Provenance } from './provenance';

/** SHA-256 of a stage's canonical spec, revision and input keys, hexadecimal. Known before anything runs. */
export type StageKey = string;

/** Task queues: workers with a GPU or another training device, and workers without. */
export const taskQueues = { gpu: 'gpu', cpu: 'cpu' } as const;
export type TaskQueue = keyof typeof taskQueues;

/**
 * What a stage's artifact is: rows to train on, an adapter, a frozen model, or scores of a model. A user's kind may make
 * something else, but no scores. Audit, report and exports ask this, so that they know stages of every kind.
 */
export type Makes = 'rows' | 'adapter' | 'model' | 'scores' | (string & Record<never, never>);

/** What a stage computes: plain JSON. Holds only what changes the result's bytes; all of it is in the key. */
export interface StageSpec {
  readonly kind: string;
  /** The code of a user's kind; left out for the package's own. */
  readonly activity?: Pick<PinnedMember, 'export' | 'digest'>;
}

/** Another stage's artifact, by key, or an external model, by content digest. */
export type StageInputRef = StageOutputRef | { readonly digest: string; readonly path: string };

interface StageOutputRef {
  readonly stage: StageKey;
  readonly kind: string;
  /** The key that the stage had when its kind was new; left out where it is the same. */
  readonly first?: StageKey;
}

/** A stage's inputs by name. */
export type StageInputs = Readonly<Record<string, StageInputRef>>;

/** The source of a stage's rows; the same for every number of rows and seed. */
export interface RowSource {
  readonly what: string;
  /** Name of the annotator, digest of the user's file; empty: samples of a reference. */
  readonly from: string;
  /** For people: "demonstrations by majority-error". */
  readonly label: string;
}

/** Labels of sampled pairs by a preference annotator. */
export interface PlannedLabels {
  /** Labels of one item: two samples of a prompt. */
  readonly perItem: number;
  /** Expected labels, those of items without a preference too. It is an average and need not be whole. */
  readonly count: number;
  /** List price of one label, in US dollars. */
  readonly usd: number;
  /** Whether an endpoint's bill takes the place of the list price. */
  readonly billed: boolean;
}

/** The rows that a stage will make. */
export interface PlannedRows {
  readonly count: number;
  /**
   * The rows end here in their order, counted from its first row: demonstrations from the front of the pool's permutation,
   * samples from its back. Sampled rows end here at the earliest, because a prompt yields one row or none. Left out by
   * users' kinds.
   */
  readonly upTo?: number;
  /** In titles: "correct samples". */
  readonly noun: string;
  readonly format: 'demonstrations' | 'preferences' | 'unpaired';
  readonly source: RowSource;
  /** The part of a budget in rows that they take; null: none. */
  readonly budgetedAs: 'demonstrations' | 'pairs' | null;
  /** List price of one row without its samples and labels, in US dollars. */
  readonly usd: number;
  /** List price of one sample, in US dollars: with its verifier call, if a verifier scores it. */
  readonly sampleUsd: number;
  /** Expected verifier calls, one per sample of a reference. It is an average and need not be whole. */
  readonly verifierCalls: number;
  /** Expected samples that no verifier scores. Left out by users' kinds, as `labels` is. */
  readonly unscored?: number;
  /** Labelled pairs only. */
  readonly labels?: PlannedLabels;
  /** For the manifest. */
  readonly provenance: Provenance;
}

/** Fewer optimiser steps than this leave a model under-trained. */
export const fewSteps = 10;

/** Estimated tokens that a stage trains on or generates, and its rate. */
export interface Work {
  readonly tokens: number;
  readonly perSecond: number;
}

/** Estimated bytes that a stage needs. */
export interface StageResources {
  /** What the stage adds to the store. */
  readonly storeBytes: number;
  /** Largest size of its scratch folder: checkpoints, and its artifact before that is published. */
  readonly scratchBytes: number;
  /** Peak memory of its trainer process, 0 if it starts none; null: unknown, as for device "cuda". */
  readonly memoryBytes: number | null;
}

/** Items that a judge compares. */
export interface JudgedItems {
  readonly judge: string;
  readonly items: number;
}

/** What a kind knows of one of its stages. Planner, workflow and activity read it here. None of it is in the key. */
export interface StageFacts {
  /** One line for people: "SFT on 256 demonstrations". */
  readonly title: string;
  readonly queue: TaskQueue;
  readonly work: Work;
  /** Left out if unknown: the model's files do not say, or a user's kind does not. */
  readonly resources?: StageResources;
  /** Null: its artifact is not a set of rows. */
  readonly rows: PlannedRows | null;
  /** Null: it trains nothing. */
  readonly optimiserSteps: number | null;
  /** Whether it may cost more than planned: billed by an endpoint, low pair yield, or judged by a model. */
  readonly mayExceed: boolean;
  readonly judged: readonly JudgedItems[];
  /** Paths of the task's external files on this host. */
  readonly files: Readonly<Record<string, string>>;
  /** For code with a `version`: the digests that it replaces. */
  readonly sources?: StageCode;
  /** Evaluations only: the judge needs no GPU, so the GPU is released before judging. */
  readonly judgedOffDevice?: true;
}

/**
 * A stage with its key, as the planner lists it and an activity runs it. The key covers `spec`, revision and the inputs'
 * keys or digests.
 */
export interface PlannedStage<
  M extends Makes = Makes,
  Spec extends StageSpec = StageSpec,
> extends StageFacts {
  readonly key: StageKey;
  readonly kind: string;
  /** The call's name, for people; the title begins with it. Not in the key. */
  readonly name?: string;
  readonly makes: M;
  readonly revision: number;
  readonly spec: Spec;
  readonly inputs: StageInputs;
  /** The key that the stage had when its kind was new; left out where it is the same. */
  readonly first?: StageKey;
  /**
   * Where the ledger has the purchases of its rows. Stages whose rows nest have the same. It depends on what the rows are,
   * and on no version, revision or name of a field. Left out: it makes no rows.
   */
  readonly nest?: string;
  /** The function that runs a user's kind; left out for the package's own. Its digest is in the spec. */
  readonly activity?: PinnedMember;
}

type StageWithRows<Rows extends Partial<PlannedRows>> = PlannedStage<'rows'> & { readonly rows: Rows | null };

/** A stage whose rows are a prompt and its answer: bought demonstrations, or samples. */
export type Demonstrations = StageWithRows<{ readonly format: 'demonstrations' }>;
/** A stage that buys demonstrations. */
export type BoughtDemonstrations = StageWithRows<{
  readonly format: 'demonstrations';
  readonly budgetedAs: 'demonstrations';
}>;
/** A stage that keeps correct samples of a model, as demonstrations. */
export type Samples = StageWithRows<{ readonly format: 'demonstrations'; readonly budgetedAs: null }>;
/** A stage that makes preference pairs, or takes unpaired rows of a file. */
export type Pairs = StageWithRows<{ readonly format: 'preferences' | 'unpaired' }>;

/**
 * Id of a stage's activity. It names the stage, also while no worker has taken it. `call` distinguishes
 * requests: a run may request a stage more than once.
 */
export const activityIdOf = ({ key }: PlannedStage, call: string): string => `${key}/${call}`;

/** The stage key in an activity id; undefined if the activity runs no stage. */
export const stageKeyIn = (activityId: string): StageKey | undefined =>
  /^([0-9a-f]{64})\//.exec(activityId)?.[1];

/** The result of a finished stage in the workflow history: references and metrics. */
export interface StageResult extends StageMetrics {
  readonly key: StageKey;
  readonly kind: string;
  readonly makes: Makes;
  readonly title: string;
  /** SHA-256 of the artifact's payload. */
  readonly digest: string;
  /** True if the artifact existed before this workflow requested it. */
  readonly cached: boolean;
  /** Head of the stage's ledger chain after this attempt; null for a cached artifact without a ledger. */
  readonly ledgerHead: string | null;
  /** Stages that make rows only. */
  readonly rowSource?: RowSource;
  readonly cost: StageCost;
  /**
   * US dollars that this request paid for annotation, with all its attempts: rows, labels, samples, verifier calls and
   * bills. 0 for a cached stage.
   */
  readonly usd: number;
  /**
   * The part of `usd` for rows and labels at list price. Left out by stages without rows, and where a bill has their cost.
   */
  readonly rowsUsd?: number;
  /** Warnings while the artifact was made; left out if there are none. */
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

/** The sum of payments, e.g. of results: each request pays for itself, so a stage may be in several of them. */
export const paidUsd = (payments: readonly Pick<StageResult, 'usd'>[]): number =>
  payments.reduce((sum, { usd }) => sum + usd, 0);

/** A warning of the training executable (docs/protocol.md), or of the activity. */
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
