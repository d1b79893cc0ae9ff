import { z } from 'zod';
import { trainerProtocol } from './trainer-job';

const file = z.strictObject({
  path: z.string(),
  bytes: z.int().nonnegative(),
  sha256: z.string(),
});
export type FileDigest = z.infer<typeof file>;

/** What the process has used so far: where it ends without a result, the last that is known. */
const usedSoFar = { cpuMs: z.number().optional(), peakMemoryBytes: z.number().optional() };

/** First line: who runs what, and from where it goes on. */
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
  /** Step of the checkpoint that this process goes on from; 0 for a fresh start. */
  resumedFromStep: z.int().nonnegative(),
});

/** Where the work stands. Sent at least every two seconds while it runs. */
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

/** All figures of one optimiser step, by the names of reference libraries: loss, lr, grad_norm, rewards/margins … */
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

/** Last line of a success: the output folder is in place. */
export const resultEvent = z.strictObject({
  event: z.literal('result'),
  outputDir: z.string(),
  files: z.array(file),
  /** Small figures: rows, steps, tokens, final loss. */
  metrics: z.record(z.string(), z.number()),
  cpuMs: z.number(),
  peakMemoryBytes: z.number(),
});

/** Last line of a failure; the process exits with the code's status. */
export const errorEvent = z.strictObject({
  event: z.literal('error'),
  code: z.string(),
  message: z.string(),
  remedy: z.string(),
  /** The offending thing: file, line, field, step. */
  details: z.record(z.string(), z.unknown()),
  ...usedSoFar,
});

/** One JSON line on the trainer's event descriptor (3 where the supervisor opened it, standard output otherwise). */
export const trainerEvent = z.discriminatedUnion('event', [
  helloEvent,
  progressEvent,
  metricEvent,
  checkpointEvent,
  warningEvent,
  resultEvent,
  errorEvent,
]);
export type TrainerEvent = z.infer<typeof trainerEvent>;
export type EventOf<E extends TrainerEvent['event']> = Extract<TrainerEvent, { event: E }>;
