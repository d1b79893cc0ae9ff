import { z } from 'zod';
import { pinnedMember } from './members';
import { sha256 } from './scalars';
import { steeringCommand } from './steering';

/** What a model endpoint was paid. */
const annotationBill = z.strictObject({
  calls: z.int().nonnegative(),
  inputTokens: z.number().nonnegative(),
  outputTokens: z.number().nonnegative(),
  usd: z.number().nonnegative(),
});
export type AnnotationBill = z.infer<typeof annotationBill>;

/** What an attempt paid for annotation. */
export const payment = z.strictObject({
  /** US dollars: `rowsUsd`, `verifierCalls` and `unscored` at `callUsd` each, and the bill of `annotation`. */
  usd: z.number(),
  /** US dollars for rows and labels at list price; lines of the rows' nest have the purchases. */
  rowsUsd: z.number(),
  verifierCalls: z.number(),
  /** Samples that no verifier scored: those of labelled pairs. */
  unscored: z.number().default(0),
  /** List price of one verifier call with its sample, or of one sample that no verifier scored. */
  callUsd: z.number(),
  /**
   * What model endpoints were paid; null if none was called. A bill takes the place of the list price of rows, or of
   * labels.
   */
  annotation: annotationBill.nullable(),
  /** The bill by annotation folder. */
  annotationByFolder: z.record(z.string(), annotationBill).nullable(),
});
export type Payment = z.infer<typeof payment>;

/** Fields of every ledger line: its place in the chain, and the time. */
const link = {
  sequence: z.int().nonnegative(),
  /** SHA-256 of the previous line's bytes without its newline; 64 zeros for the first. */
  previous: sha256,
  time: z.iso.datetime(),
};

const attempt = {
  workflowId: z.string(),
  runId: z.string(),
  attempt: z.int().positive(),
  /** Id of the activity in its workflow's history. */
  activity: z.string().nullable(),
  experimentId: z.string(),
};

/** What a worker runs on and from, apart from its code and definition. */
export const workerIdentity = z.strictObject({
  /** "linux 6.1.0 x64, node v22.11.0" */
  platform: z.string(),
  /** Model of the CPU or GPU. */
  deviceModel: z.string(),
  /** The CPU's vector instructions, which decide last bits: "avx avx2 fma"; null if the system does not say. */
  instructionSet: z.string().nullable(),
  /** Version of the GPU's driver; null without a GPU. */
  driver: z.string().nullable(),
  /** SHA-256 over the package's sources, settings and Node version at build time; null without a build. */
  buildDigest: sha256.nullable(),
  /** Commit of the repository that the worker runs in; null outside a repository. */
  gitCommit: z.string().nullable(),
  /** Whether that repository had uncommitted changes. */
  gitDirty: z.boolean().nullable(),
  /** SHA-256 of the package-lock.json above the worker's folder. */
  lockfileDigest: sha256.nullable(),
});
export type WorkerIdentity = z.infer<typeof workerIdentity>;

/** An attempt started: what it runs, where, and on which inputs. */
export const attemptStarted = z.strictObject({
  ...link,
  type: z.literal('attempt-started'),
  stage: sha256,
  kind: z.string(),
  ...attempt,
  fence: z.int().positive(),
  actor: z.string(),
  host: z.string(),
  pid: z.int(),
  device: z.string(),
  /** SHA-256 of the training executable. */
  codeDigest: z.string(),
  worker: workerIdentity.nullable(),
  packageVersion: z.string(),
  specDigest: sha256,
  inputs: z.record(z.string(), z.string()),
  /** The rows that the stage makes: their nest, and where they begin and end in its order; null if it makes none. */
  rows: z.strictObject({ nest: sha256, from: z.int(), upTo: z.int() }).nullable(),
  resumedFromStep: z.int().nonnegative().nullable(),
  /** Checkpoints, batches of rows and whole jobs that earlier attempts left on disk. Versions before 0.2 have none. */
  reached: z.int().nonnegative().optional(),
});

export const attemptEnded = z.strictObject({
  ...link,
  type: z.literal('attempt-ended'),
  stage: sha256,
  kind: z.string(),
  ...attempt,
  fence: z.int().positive(),
  /** `answered`: an evaluation has its answers; another attempt has them judged. */
  outcome: z.enum(['published', 'answered', 'failed', 'yielded', 'cancelled']),
  code: z.string().nullable(),
  message: z.string().nullable(),
  /** SHA-256 of the artifact's payload, if one was published. */
  artifact: sha256.nullable(),
  /** SHA-256 of its manifest.json. */
  manifestDigest: sha256.nullable(),
  /** Input name → digest of what was read. */
  inputDigests: z.record(z.string(), z.string()).nullable(),
  /** SHA-256 of each job for the training executable, with paths cut to their last part. */
  jobs: z.array(sha256).nullable(),
  /** Evaluations only, else null: the main task first, then the auxiliary tasks. */
  scores: z
    .array(
      z.strictObject({
        /** Name of the auxiliary task; null for the main task. */
        auxiliary: z.string().nullable(),
        items: z.int().nonnegative(),
        score: z.number(),
        /** Bounds of the 95% interval over the items. */
        low: z.number(),
        high: z.number(),
      }),
    )
    .nullable(),
  ...payment.shape,
  exitCodes: z.array(z.int().nullable()),
  trainerProcesses: z.int().nonnegative(),
  wallMs: z.number(),
  deviceMs: z.number(),
  /** CPU time of trainers, as last reported; null if one ended before reporting it. */
  cpuMs: z.number().nullable(),
  peakMemoryBytes: z.number().nullable(),
  tokens: z.number(),
});

const inAttempt = { stage: sha256, kind: z.string(), fence: z.int().positive() };

/** The training executable wrote a checkpoint. */
export const attemptCheckpoint = z.strictObject({
  ...link,
  type: z.literal('attempt-checkpoint'),
  ...inAttempt,
  step: z.int().nonnegative(),
  sha256: z.string(),
  bytes: z.int().nonnegative(),
});

/** The device ran out of memory: from this step on the micro-batch has `rows` rows. */
export const attemptMicroBatchReduced = z.strictObject({
  ...link,
  type: z.literal('attempt-micro-batch-reduced'),
  ...inAttempt,
  fromStep: z.int().nonnegative(),
  rows: z.int().positive(),
});

/** The training executable or the attempt itself warned; a later attempt may repeat the warning. */
export const attemptWarning = z.strictObject({
  ...link,
  type: z.literal('attempt-warning'),
  ...inAttempt,
  code: z.string(),
  message: z.string(),
});

/** An earlier attempt left no end; the next attempt records that. */
export const attemptLost = z.strictObject({
  ...link,
  type: z.literal('attempt-lost'),
  stage: sha256,
  kind: z.string(),
  fence: z.int().positive(),
  reason: z.string(),
  /** What it paid, if it had published its artifact; else null. */
  paid: payment.nullable(),
  /** Set where an outage, such as a full disk, kept it from writing its ending. */
  outage: z.literal(true).optional(),
});

/** In the chain of a nest of rows: who bought, and for how much. */
const purchase = {
  nest: sha256,
  stage: sha256,
  kind: z.string(),
  experimentId: z.string(),
  usd: z.number().nonnegative(),
};

/** In the chain of a nest of rows: a stage bought those of its rows that no line before it has. */
export const rowsBought = z.strictObject({
  ...link,
  type: z.literal('rows-bought'),
  ...purchase,
  /** Where the stage's rows begin and end in the nest's order. */
  from: z.int().nonnegative(),
  upTo: z.int().positive(),
  /** Number of rows bought. */
  rows: z.int().positive(),
  /** List price of one row. */
  rowUsd: z.number().nonnegative(),
});

/** In the chain of a nest of labelled pairs: a stage bought those of its labels that no line before it has. */
export const labelsBought = z.strictObject({
  ...link,
  type: z.literal('labels-bought'),
  ...purchase,
  /** The attempt that bought them. */
  fence: z.int().positive(),
  /** The stage's labels so far: the first ones in the nest's order. */
  upTo: z.int().positive(),
  /** Number of labels bought. */
  labels: z.int().positive(),
  /** Labels of one item. */
  perItem: z.int().positive(),
  /** List price of one label. */
  labelUsd: z.number().nonnegative(),
});

/** A torn last line was cut off; its bytes are recorded. */
export const lineHealed = z.strictObject({
  ...link,
  type: z.literal('line-healed'),
  bytes: z.int().nonnegative(),
  text: z.string(),
});

/** In an experiment's chain: a stage that it used, with the head of the stage's chain. */
export const stageRecorded = z.strictObject({
  ...link,
  type: z.literal('stage-recorded'),
  stage: sha256,
  kind: z.string(),
  cached: z.boolean(),
  artifact: sha256,
  stageHead: sha256.nullable(),
});

export const experimentOpened = z.strictObject({
  ...link,
  type: z.literal('experiment-opened'),
  experimentId: z.string(),
  definitionDigest: sha256,
  definition: z.unknown(),
  /** The workflow and its function that opened it; left out in older lines, which are of sweeps and experiments. */
  workflowId: z.string().optional(),
  workflowType: z.string().optional(),
  /** The code of losses, stage kinds and others that the definition names; left out if there are none. */
  members: z.array(pinnedMember).optional(),
  actor: z.string(),
});

/** In an experiment's chain: a workflow history was exported into the store. */
export const historyExported = z.strictObject({
  ...link,
  type: z.literal('history-exported'),
  experimentId: z.string(),
  workflowId: z.string(),
  workflowType: z.string(),
  runId: z.string(),
  events: z.int().positive(),
  /** SHA-256 of the history's file. */
  sha256,
  /** SHA-256 of the workflow code that made it; null if the run does not say. */
  codeDigest: sha256.nullable(),
});

/** In an experiment's chain: a run was cancelled, paused or resumed, or its concurrency was set. */
export const runSteered = z.strictObject({
  ...link,
  type: z.literal('run-steered'),
  experimentId: z.string(),
  workflowId: z.string(),
  requestId: z.string(),
  actor: z.string(),
  command: steeringCommand,
});

export const ledgerLine = z.discriminatedUnion('type', [
  attemptStarted,
  attemptCheckpoint,
  attemptMicroBatchReduced,
  attemptWarning,
  attemptEnded,
  attemptLost,
  rowsBought,
  labelsBought,
  lineHealed,
  stageRecorded,
  experimentOpened,
  historyExported,
  runSteered,
]);
export type LedgerLine = z.infer<typeof ledgerLine>;
/** A line without its place in a chain. */
export type LedgerEntry = LedgerLine extends infer L
  ? L extends LedgerLine
    ? Omit<L, 'sequence' | 'previous' | 'time'>
    : never
  : never;

/** The lines of one type. */
export type LineOf<T extends LedgerLine['type']> = Extract<LedgerLine, { type: T }>;
/** The entries of one type, without the field `type`. */
export type EntryOf<T extends LedgerEntry['type']> = Omit<Extract<LedgerEntry, { type: T }>, 'type'>;
