/** Below this a number is what rounding left of nothing. */
const noise = 1e-9;
const mostDigits = 9;

/**
 * A number to a number of decimals, and to more where rounding would make it 0 or 1: 0.0003 is not 0.000, and a
 * probability of 0.998 not 1.00.
 */
export function toDecimals(value: number, digits: number): string {
  const reads = Number(value.toFixed(digits));
  if (![0, 1, -1].includes(reads) || Math.abs(value - reads) < noise) return value.toFixed(digits);
  for (let more = digits; more < mostDigits; more += 1)
    if (Number(value.toFixed(more)) !== reads) return value.toFixed(more);
  return value.toFixed(mostDigits);
}

/** A number's text with a true minus, and none before 0. */
export const withMinus = (text: string): string => text.replace('-', Number(text) === 0 ? '' : '−');
