import { z } from 'zod';
import { steeringCommand } from './steering';

const hex = z.string().regex(/^[0-9a-f]{64}$/);

/** A field that lines written before it was introduced do not have: read as null, so that old chains stay readable. */
const later = <T extends z.ZodType>(schema: T) => schema.nullable().default(null);

/** What a model behind an endpoint was paid. */
const annotationBill = z.strictObject({
  calls: z.int().nonnegative(),
  inputTokens: z.number().nonnegative(),
  outputTokens: z.number().nonnegative(),
  usd: z.number().nonnegative(),
});
export type AnnotationBill = z.infer<typeof annotationBill>;

/** Fields that every ledger line has: its place in the chain, when, and who wrote it. */
const link = {
  sequence: z.int().nonnegative(),
  /** SHA-256 of the previous line's bytes without its newline; 64 zeros for the first. */
  previous: hex,
  time: z.iso.datetime(),
};

const attempt = {
  workflowId: z.string(),
  runId: z.string(),
  attempt: z.int().positive(),
  /** Of the activity in its workflow's history. */
  activity: later(z.string()),
  experimentId: z.string(),
};

/** What a worker runs on and from: facts that neither its code nor its definition says. */
export const workerIdentity = z.strictObject({
  /** "linux 6.1.0 x64, node v22.11.0" */
  platform: z.string(),
  /** Model of the processor, or of the GPU. */
  deviceModel: z.string(),
  /** The processor's vector instructions, which decide last bits: "avx avx2 fma"; null where the system does not tell. */
  instructionSet: later(z.string()),
  /** Version of the GPU's driver; null without one. */
  driver: z.string().nullable(),
  /** SHA-256 over the package's sources, settings and Node version, as the build took it; null where none was built. */
  buildDigest: hex.nullable(),
  /** Commit of the repository in whose folder the worker runs; null outside of one. */
  gitCommit: z.string().nullable(),
  /** Whether that folder had changes that no commit has. */
  gitDirty: z.boolean().nullable(),
  /** SHA-256 of the package-lock.json above the worker's folder. */
  lockfileDigest: hex.nullable(),
});
export type WorkerIdentity = z.infer<typeof workerIdentity>;

/** An attempt began: what it runs, where, on which inputs. */
export const attemptStarted = z.strictObject({
  ...link,
  type: z.literal('attempt-started'),
  stage: hex,
  kind: z.string(),
  ...attempt,
  fence: z.int().positive(),
  actor: z.string(),
  host: z.string(),
  pid: z.int(),
  device: z.string(),
  /** SHA-256 of the training executable. */
  codeDigest: z.string(),
  worker: later(workerIdentity),
  packageVersion: z.string(),
  specDigest: hex,
  inputs: z.record(z.string(), z.string()),
  resumedFromStep: z.int().nonnegative().nullable(),
});

export const attemptEnded = z.strictObject({
  ...link,
  type: z.literal('attempt-ended'),
  stage: hex,
  kind: z.string(),
  ...attempt,
  fence: z.int().positive(),
  /** `answered`: of an evaluation, the answers are there; another attempt has them judged. */
  outcome: z.enum(['published', 'answered', 'failed', 'yielded', 'cancelled']),
  code: z.string().nullable(),
  message: z.string().nullable(),
  /** SHA-256 of the artifact's payload, where one was published. */
  artifact: hex.nullable(),
  /** SHA-256 of its manifest.json. */
  manifestDigest: later(hex),
  /** Input name → digest of what was really read. */
  inputDigests: later(z.record(z.string(), z.string())),
  /** SHA-256 of each job that was given to the training executable, its paths cut to their last part. */
  jobs: later(z.array(hex)),
  /** Of an evaluation what it found, first on the task that is tuned for, then on those beside; null of other stages. */
  scores: later(
    z.array(
      z.strictObject({
        /** Of a task beside; null of that which is tuned for. */
        auxiliary: z.string().nullable(),
        items: z.int().nonnegative(),
        score: z.number(),
        /** Of the 95 % interval over the items. */
        low: z.number(),
        high: z.number(),
      }),
    ),
  ),
  /** US dollars for rows bought and checker calls made; null where the request names no prices. */
  usd: later(z.number()),
  /** What a model behind an endpoint was asked and paid in this attempt; null where none was asked. */
  annotation: later(annotationBill),
  /** The same by the folder that holds the answers, where several were asked; older lines have the sum alone. */
  annotationByFolder: later(z.record(z.string(), annotationBill)),
  exitCodes: z.array(z.int().nullable()),
  trainerProcesses: z.int().nonnegative(),
  wallMs: z.number(),
  deviceMs: z.number(),
  /** Of trainers, as they last said; null where one ended before it said anything. */
  cpuMs: z.number().nullable(),
  peakMemoryBytes: z.number().nullable(),
  tokens: z.number(),
  verifierCalls: z.number(),
});

const inAttempt = { stage: hex, kind: z.string(), fence: z.int().positive() };

/** The training executable wrote a checkpoint. */
export const attemptCheckpoint = z.strictObject({
  ...link,
  type: z.literal('attempt-checkpoint'),
  ...inAttempt,
  step: z.int().nonnegative(),
  sha256: z.string(),
  bytes: z.int().nonnegative(),
});

/** The device ran out of memory: from this step on the micro-batch has so many rows. */
export const attemptMicroBatchReduced = z.strictObject({
  ...link,
  type: z.literal('attempt-micro-batch-reduced'),
  ...inAttempt,
  fromStep: z.int().nonnegative(),
  rows: z.int().positive(),
});

/** The training executable warned of something; a later attempt may say it again. */
export const attemptWarning = z.strictObject({
  ...link,
  type: z.literal('attempt-warning'),
  ...inAttempt,
  code: z.string(),
  message: z.string(),
});

/** A lower attempt left no ending; the next one says so. */
export const attemptLost = z.strictObject({
  ...link,
  type: z.literal('attempt-lost'),
  stage: hex,
  kind: z.string(),
  fence: z.int().positive(),
  reason: z.string(),
});

/** A torn last line was cut off; its bytes are recorded. */
export const lineHealed = z.strictObject({
  ...link,
  type: z.literal('line-healed'),
  bytes: z.int().nonnegative(),
  text: z.string(),
});

/** In an experiment's chain: the head of a stage's chain that it used. */
export const stageRecorded = z.strictObject({
  ...link,
  type: z.literal('stage-recorded'),
  stage: hex,
  kind: z.string(),
  cached: z.boolean(),
  artifact: hex,
  stageHead: hex.nullable(),
});

export const experimentOpened = z.strictObject({
  ...link,
  type: z.literal('experiment-opened'),
  experimentId: z.string(),
  definitionDigest: hex,
  definition: z.unknown(),
  actor: z.string(),
});

/** In an experiment's chain: a workflow run's history was written into the store. */
export const historyExported = z.strictObject({
  ...link,
  type: z.literal('history-exported'),
  experimentId: z.string(),
  workflowId: z.string(),
  workflowType: z.string(),
  runId: z.string(),
  events: z.int().positive(),
  /** SHA-256 of the history's file. */
  sha256: hex,
  /** SHA-256 of the workflow code that made it; null where the run does not say. */
  codeDigest: hex.nullable(),
});

/** In an experiment's chain: somebody cancelled, paused or resumed a run of it, or set its concurrency. */
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
  lineHealed,
  stageRecorded,
  experimentOpened,
  historyExported,
  runSteered,
]);
export type LedgerLine = z.infer<typeof ledgerLine>;
/** A line before it has its place in a chain. */
export type LedgerEntry = LedgerLine extends infer L
  ? L extends LedgerLine
    ? Omit<L, 'sequence' | 'previous' | 'time'>
    : never
  : never;

/** The lines of one type. */
export type LineOf<T extends LedgerLine['type']> = Extract<LedgerLine, { type: T }>;
/** The entries of one type, without the type. */
export type EntryOf<T extends LedgerEntry['type']> = Omit<Extract<LedgerEntry, { type: T }>, 'type'>;
