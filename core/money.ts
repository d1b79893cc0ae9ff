/** Floating-point error of sums of prices. */
const noise = 1e-9;

/**
 * $1,234.50, $0.25, $0.0312, $0.000020: cents, with more digits below a dollar, so that no amount shows as 0.
 */
export function nameUsd(usd: number): string {
  const size = Math.abs(usd) < noise ? 0 : Math.abs(usd);
  const isFine = size > 0 && size < 1 && Math.abs(size * 100 - Math.round(size * 100)) > 1e-9;
  const digits = isFine ? Math.max(4, 1 - Math.floor(Math.log10(size))) : 2;
  const [whole = '', decimals = ''] = size.toFixed(digits).split('.');
  return `${usd < 0 && size > 0 ? '−' : ''}$${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${decimals}`;
}

/** An amount of money as a budget: `budgets: [usd(5), usd(20)]`, split by `sftSpendFractions`. */
export interface Usd {
  readonly usd: number;
}

/** US dollars as a budget. */
export const usd = (dollars: number): Usd => ({ usd: dollars });
