import type { JobOf } from '../../schemas/trainer-job';
import { readHeldOutRows } from '../data/datasets';
import { countTokens, supervisedTokens } from '../engine';
import type { TrainEngine } from '../engine/types';
import type { Tokenizer } from '../io/tokenizer';
import type { EventSink } from '../protocol/events';
import { createProgress } from '../protocol/progress';
import type { SequenceRow } from '../rows';

/** Rows that a training job scores and never trains on. */
export interface HeldOut {
  readonly rows: readonly SequenceRow[];
  /** Rows scored between two looks for a request to stop. */
  readonly batchSize: number;
  /** TRL's name of their mean loss. In preference tuning, TRL's `eval_loss` is a loss of pairs, and this is none. */
  readonly metric: 'eval_loss' | 'eval_nll_loss';
}

/** The held-out rows of a job that fit its `maxLength`; undefined if there are none. */
export async function readHeldOut(
  job: JobOf<'sft'> | JobOf<'preference'>,
  tokenizer: Tokenizer,
): Promise<HeldOut | undefined> {
  if (job.heldOut === undefined) return undefined;
  const rows = await readHeldOutRows(job.heldOut, job, tokenizer);
  if (rows.length === 0) return undefined;
  const metric = job.command === 'sft' ? 'eval_loss' : 'eval_nll_loss';
  return { rows, batchSize: job.training.batchSize, metric };
}

interface ScoreOptions {
  readonly engine: TrainEngine;
  readonly events: EventSink;
  /** Called before each batch. May throw to stop. */
  readonly beforeBatch: () => Promise<void>;
}

/** Mean cross-entropy per completion token under the current weights, by training's forward pass without dropout. */
export async function scoreHeldOut(
  { rows, batchSize }: HeldOut,
  { engine, events, beforeBatch }: ScoreOptions,
): Promise<number> {
  const steps = Math.ceil(rows.length / batchSize);
  const progress = createProgress(events, { phase: 'held-out', steps });
  await engine.closeIfLarge();
  let logprobs = 0;
  for (let step = 0; step < steps; step += 1) {
    await beforeBatch();
    const batch = rows.slice(step * batchSize, (step + 1) * batchSize);
    for (const logprob of await engine.sequenceLogprobs(batch)) logprobs += logprob;
    progress.report(step + 1, { tokens: batch.reduce((sum, row) => sum + countTokens(row), 0) });
  }
  await engine.closeIfLarge();
  return -logprobs / rows.reduce((sum, row) => sum + supervisedTokens(row), 0);
}
