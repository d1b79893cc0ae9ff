import type { PlannedRows, Work } from '../contracts/stage';
import type { TrainingSpec } from '../schemas/training';
import { rates } from './rates';

/** A stage that computes no tokens. */
export const noWork: Work = { tokens: 0, perSecond: 1 };

/** Generating answers. */
export const generating = (answers: number, maxNewTokens: number): Work => ({
  tokens: answers * maxNewTokens * rates.meanAnswerLength,
  perSecond: rates.generatedTokensPerSecond,
});

/** Training on `sequences` texts per epoch. */
export const training = (
  sequences: number,
  { maxLength, epochs }: TrainingSpec,
  perSecond: number,
): Work => ({ tokens: sequences * epochs * maxLength * rates.meanRowLength, perSecond });

/** Optimiser steps of a training run: the last batch of an epoch may be short. */
export function optimiserSteps(
  rows: number,
  { epochs, batchSize }: Pick<TrainingSpec, 'epochs' | 'batchSize'>,
): number {
  return epochs * Math.ceil(rows / batchSize);
}

/** The number of rows of a data stage. */
export const countRows = ({ rows }: { readonly rows: PlannedRows | null }): number => rows?.count ?? 0;
