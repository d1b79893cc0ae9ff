import { z } from 'zod';

const hex = z.string().regex(/^[0-9a-f]{64}$/);

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
  experimentId: z.string(),
};

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
  codeDigest: z.string(),
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
  outcome: z.enum(['published', 'failed', 'yielded', 'cancelled']),
  code: z.string().nullable(),
  message: z.string().nullable(),
  /** SHA-256 of the artifact's payload, where one was published. */
  artifact: hex.nullable(),
  exitCodes: z.array(z.int().nullable()),
  trainerProcesses: z.int().nonnegative(),
  wallMs: z.number(),
  deviceMs: z.number(),
  cpuMs: z.number(),
  peakMemoryBytes: z.number(),
  tokens: z.number(),
  checkerCalls: z.number(),
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

export const ledgerLine = z.discriminatedUnion('type', [
  attemptStarted,
  attemptEnded,
  attemptLost,
  lineHealed,
  stageRecorded,
  experimentOpened,
]);
export type LedgerLine = z.infer<typeof ledgerLine>;
/** A line before it has its place in a chain. */
export type LedgerEntry = LedgerLine extends infer L
  ? L extends LedgerLine
    ? Omit<L, 'sequence' | 'previous' | 'time'>
    : never
  : never;
