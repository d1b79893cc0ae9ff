import { z } from 'zod';
import { trainerProtocol } from './trainer-job';

const file = z.strictObject({
  path: z.string(),
  bytes: z.int().nonnegative(),
  sha256: z.string(),
});
export type FileDigest = z.infer<typeof file>;

/** Usage of the process so far. For a process without a result, the last such event counts. */
const usedSoFar = { cpuMs: z.number().optional(), peakMemoryBytes: z.number().optional() };

/** First event: the executable, the job, and the step from which it continues. */
export const helloEvent = z.strictObject({
  event: z.literal('hello'),
  protocol: z.literal(trainerProtocol),
  trainer: z.string(),
  version: z.string(),
  runtime: z.string(),
  pid: z.int(),
  command: z.string(),
  id: z.string(),
  device: z.string(),
  threads: z.int(),
  /** Step of the checkpoint that this process continues from; 0 for a fresh start. */
  resumedFromStep: z.int().nonnegative(),
});

/** Progress of a phase. Sent at least every two seconds, except within a step. */
export const progressEvent = z.strictObject({
  event: z.literal('progress'),
  /** "reference", "train", "generate" … */
  phase: z.string(),
  step: z.int().nonnegative(),
  steps: z.int().nonnegative(),
  loss: z.number().optional(),
  tokensPerSecond: z.number().optional(),
  secondsLeft: z.number().optional(),
  ...usedSoFar,
});

/**
 * A sign of life from a thread that no call of the runtime blocks, at least every ten seconds. CPU time that grows is work;
 * so is waiting for something outside of the process.
 */
export const heartbeatEvent = z.strictObject({
  event: z.literal('heartbeat'),
  /** CPU time of all threads of the process so far. */
  cpuMs: z.number().nonnegative(),
  /** What the executable waits for, if that is outside of it: "the answer of a judge". */
  waitingFor: z.string().optional(),
});

/** Metrics of one optimiser step, or of an evaluation of held-out rows, under TRL's names: loss, grad_norm, eval_loss … */
export const metricEvent = z.strictObject({
  event: z.literal('metric'),
  step: z.int().nonnegative(),
  values: z.record(z.string(), z.number()),
});

export const checkpointEvent = z.strictObject({
  event: z.literal('checkpoint'),
  step: z.int().nonnegative(),
  path: z.string(),
  sha256: z.string(),
  bytes: z.int().nonnegative(),
});

export const warningEvent = z.strictObject({
  event: z.literal('warning'),
  code: z.string(),
  message: z.string(),
});

/** Last event of a success: the output folder is in place. */
export const resultEvent = z.strictObject({
  event: z.literal('result'),
  outputDir: z.string(),
  files: z.array(file),
  /** E.g. rows, steps, tokens, finalLoss. */
  metrics: z.record(z.string(), z.number()),
  cpuMs: z.number(),
  peakMemoryBytes: z.number(),
});

/** Last event of a failure; the process exits with the code's status. */
export const errorEvent = z.strictObject({
  event: z.literal('error'),
  code: z.string(),
  message: z.string(),
  remedy: z.string(),
  /** The offending thing: file, line, field, step. */
  details: z.record(z.string(), z.unknown()),
  ...usedSoFar,
});

/** One JSON line on the event descriptor: the one in BUDGETLINE_EVENTS_FD (3), else standard output. */
export const trainerEvent = z.discriminatedUnion('event', [
  helloEvent,
  progressEvent,
  heartbeatEvent,
  metricEvent,
  checkpointEvent,
  warningEvent,
  resultEvent,
  errorEvent,
]);
export type TrainerEvent = z.infer<typeof trainerEvent>;
export type EventOf<E extends TrainerEvent['event']> = Extract<TrainerEvent, { event: E }>;
