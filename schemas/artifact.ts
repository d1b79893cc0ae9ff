import { z } from 'zod';
import { storedFormat } from '../core/stored-format';
import { payment } from './ledger';

const metrics = z.record(z.string(), z.number()).readonly();
const labelCounts = z.array(z.int()).readonly();
const labelPattern = z.strictObject({ rows: z.array(labelCounts).readonly(), times: z.int() });

const auxiliaryMetrics = z.strictObject({
  name: z.string(),
  metric: z.string(),
  metrics,
  scores: metrics,
});

/** What a stage measured; see `StageMetrics`. */
export const stageMetrics = {
  metrics,
  metric: z.string().optional(),
  scores: metrics.optional(),
  task: z.string().optional(),
  auxiliary: z.array(auxiliaryMetrics).readonly().optional(),
  labels: z.array(labelPattern).readonly().optional(),
  skipped: metrics.optional(),
};

/** manifest.json of an artifact folder. Times and hosts stand here, never in a digested file. */
export const artifactManifest = z.strictObject({
  format: z.literal(storedFormat),
  key: z.string(),
  kind: z.string(),
  /** 'rows', 'adapter', 'model', 'scores', or what a user's kind makes. */
  makes: z.string(),
  revision: z.int(),
  title: z.string(),
  /** SHA-256 over the sorted "path NUL bytes NUL sha256 NL" of the payload. */
  digest: z.string(),
  files: z.array(z.strictObject({ path: z.string(), bytes: z.int().nonnegative(), sha256: z.string() })),
  spec: z.unknown(),
  /** Input name → the key or content digest that is part of the key. */
  inputs: z.record(z.string(), z.string()),
  /** Input name → digest of the artifact that was used. */
  inputDigests: z.record(z.string(), z.string()),
  /** How it was made. */
  made: z.strictObject({
    at: z.iso.datetime(),
    host: z.string(),
    experimentId: z.string(),
    /** The attempt that made it, and what it paid: its ledger line may be missing if its worker was lost. */
    fence: z.int().positive(),
    paid: payment,
    device: z.string(),
    threads: z.int(),
    trainer: z.string(),
    /** Micro-batch sizes with their first steps; one entry unless memory ran out. */
    microBatches: z.array(z.strictObject({ fromStep: z.int(), rows: z.int() })),
    /** Warnings of the training executable, each once over all attempts. */
    warnings: z.array(z.strictObject({ code: z.string(), message: z.string() })),
    cost: z.strictObject({
      wallMs: z.number(),
      deviceMs: z.number(),
      cpuMs: z.number(),
      tokens: z.number(),
      attempts: z.int(),
      verifierCalls: z.number(),
    }),
  }),
  ...stageMetrics,
  /** Of the user's code that keeps a version: what it was when this was made, SHA-256 by file. */
  sources: z.record(z.string(), z.record(z.string(), z.string())).optional(),
  /** Datasets only: Croissant metadata with source, license, annotator, model, prompt template and price. */
  croissant: z.record(z.string(), z.unknown()).optional(),
});
export type ArtifactManifest = z.infer<typeof artifactManifest>;
