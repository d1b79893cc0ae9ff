import { DefaultFailureConverter } from '@temporalio/common';

/** Messages and stacks of failures as payloads, which the codec encrypts. Loaded by Temporal, by the path of this file. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
