/** A number with sign, currency, thousands, decimals, exponent and denominator. */
const number = /([-−+]?)\$?([-−]?)(\d+(?:,\d+)*(?:\.\d+)?|\.\d+)(e[+-]?\d+)?(?:\/(\d+(?:\.\d+)?))?/;
const grouped = /^\d{1,3}(?:,\d{3})*(?:\.\d+)?$/;

/** Text after a number that makes it part of something else: "8 + 1", "8:30", "8x", "8 9". */
const continued = /^(?:[\p{L}\p{N}_^]|[ \t]*[-−+*/=×÷:.,]?[ \t]*\d|[ \t]*[-−+*/=×÷^][ \t]*[(])/u;

/** Words before a number in its line ("The answer is", "x =", "£"), without operators, which would make it part of a term. */
const words = '[^\\n\\d+*\\-−/×÷^]*?[^\\n\\d\\p{L}+*\\-−/×÷^]';
const leading = new RegExp(`^(?:[\\s*_]*|${words}[*_]*)${number.source}`, 'iu');

const isMinus = (sign = ''): boolean => sign === '-' || sign === '−';

function valueOf([, sign, inner, digits = '', exponent = '', divisor]: RegExpMatchArray): number {
  if (digits.includes(',') && !grouped.test(digits)) return Number.NaN;
  const size = Number(digits.replaceAll(',', '') + exponent) / Number(divisor ?? 1);
  return isMinus(sign) === isMinus(inner) ? size : -size;
}

/** The first number of a text; NaN where its first line has none, or where it is part of a term. */
export function leadingNumber(text: string): number {
  const match = leading.exec(text);
  return match === null || continued.test(text.slice(match[0].length)) ? Number.NaN : valueOf(match);
}

/** The last number of a text; NaN where there is none. */
export function lastNumber(text: string): number {
  const match = [...text.matchAll(new RegExp(number, 'gi'))].at(-1);
  return match === undefined ? Number.NaN : valueOf(match);
}
