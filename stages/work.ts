import type { PlannedRows, Work } from '../contracts/stage';
import type { TrainingSpec } from '../schemas/training';
import { rates } from './rates';
import type { StageContext } from './define';

/** A stage that computes no tokens. */
export const noWork: Work = { tokens: 0, perSecond: 1 };

/** What decides how fast a stage's tokens are: the model and the device. */
export type WorkContext = Pick<StageContext, 'resolved'>;

/** Operations for each weight and token: forward, and backward through activations and, in full fine-tuning, weights. */
const operations = { generating: 2, adapter: 4, full: 6 } as const;

interface Rated {
  /** Tokens a second on the embedded default. */
  readonly embedded: number;
  readonly of: 'training' | 'generating';
  readonly operations: number;
}

/** Tokens a second: a larger model adds the operations of its further weights. */
function tokensPerSecond({ resolved }: WorkContext, { embedded, of, operations: each }: Rated): number {
  const { model, definition } = resolved;
  const { device, threads } = definition.execution;
  const { embeddedParameters, operationsPerSecond } = rates;
  const further = Math.max(0, (model.parameters ?? embeddedParameters) - embeddedParameters);
  const speed = operationsPerSecond[device][of] * (device === 'cpu' ? threads : 1);
  return embedded / (1 + (embedded * each * further) / speed);
}

/** Generating answers. */
export const generating = (context: WorkContext, answers: number, maxNewTokens: number): Work => ({
  tokens: answers * maxNewTokens * rates.meanAnswerLength,
  perSecond: tokensPerSecond(context, {
    embedded: rates.generatedTokensPerSecond,
    of: 'generating',
    operations: operations.generating,
  }),
});

/**
 * Training on `sequences` texts per epoch.
 *
 * @param embedded tokens a second on the embedded default
 */
export const training = (
  context: WorkContext,
  sequences: number,
  { maxLength, epochs, lora }: TrainingSpec,
  embedded: number,
): Work => ({
  tokens: sequences * epochs * maxLength * rates.meanRowLength,
  perSecond: tokensPerSecond(context, {
    embedded,
    of: 'training',
    operations: lora === null ? operations.full : operations.adapter,
  }),
});

/** Optimiser steps of a training run: the last batch of an epoch may be short. */
export function optimiserSteps(
  rows: number,
  { epochs, batchSize }: Pick<TrainingSpec, 'epochs' | 'batchSize'>,
): number {
  return epochs * Math.ceil(rows / batchSize);
}

/** The number of rows of a data stage. */
export const countRows = ({ rows }: { readonly rows: PlannedRows | null }): number => rows?.count ?? 0;
