/** Smaller numbers are rounding errors of 0. */
const noise = 1e-9;
const mostDigits = 9;

/**
 * A number with the given decimals, or more if it would round to 0 or 1: 0.0003 is not 0.000, and a probability of 0.998
 * is not 1.00.
 */
export function toDecimals(value: number, digits: number): string {
  const reads = Number(value.toFixed(digits));
  if (![0, 1, -1].includes(reads) || Math.abs(value - reads) < noise) return value.toFixed(digits);
  for (let more = digits; more < mostDigits; more += 1)
    if (Number(value.toFixed(more)) !== reads) return value.toFixed(more);
  return value.toFixed(mostDigits);
}

/** Replaces the hyphen by a true minus, and removes it before 0. */
export const withMinus = (text: string): string => text.replace('-', Number(text) === 0 ? '' : '−');
