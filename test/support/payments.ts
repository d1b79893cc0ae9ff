import type { Payment } from '../../schemas/ledger';

/** What an attempt paid that bought nothing. */
export const paidNothing: Payment = {
  usd: 0,
  rowsUsd: 0,
  verifierCalls: 0,
  unscored: 0,
  callUsd: 0,
  annotation: null,
  annotationByFolder: null,
};
