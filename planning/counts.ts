/** Digits and scale of a number's shortest decimal form: 0.25 is 25 / 10². */
function decimalOf(value: number): { digits: bigint; scale: bigint } {
  const [mantissa = '', exponent = '0'] = String(value).split('e');
  const [whole = '', part = ''] = mantissa.split('.');
  const power = Number(exponent) - part.length;
  const digits = BigInt(whole + part);
  return power >= 0
    ? { digits: digits * 10n ** BigInt(power), scale: 1n }
    : { digits, scale: 10n ** BigInt(-power) };
}

/** The rows that one budget buys at one split. */
export interface Split {
  readonly sftRows: number;
  readonly pairRows: number;
}

/**
 * ⌈fraction · budget⌉ demonstrations, the rest pairs; in decimal arithmetic, so that 0.1 of 1,000 is 100 and not 101.
 *
 * @param budget rows, a whole number ≥ 1
 * @param fraction fraction of the rows that are demonstrations, 0 … 1
 */
export function splitBudget(budget: number, fraction: number): Split {
  if (!Number.isSafeInteger(budget) || budget < 1)
    throw new RangeError(`budget ${budget} is not a whole number ≥ 1`);
  if (!(fraction >= 0 && fraction <= 1)) throw new RangeError(`fraction ${fraction} is not within 0 … 1`);
  const { digits, scale } = decimalOf(fraction);
  const sftRows = Number((BigInt(budget) * digits + scale - 1n) / scale);
  return { sftRows, pairRows: budget - sftRows };
}
