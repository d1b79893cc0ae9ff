import { ApplicationFailure } from '@temporalio/common';

/** The final failure of a stage that spent nothing. */
export const failedForGood = (details: { readonly remedy?: string } = {}): ApplicationFailure =>
  ApplicationFailure.create({
    type: 'DATA_INVALID',
    message: 'A row.',
    nonRetryable: true,
    details: [{ spentUsd: 0, ...details }],
  });
