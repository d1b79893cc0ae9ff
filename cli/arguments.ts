import { InvalidArgumentError } from 'commander';

/** "64,256" as numbers, for options that replace an axis of the grid. Ranges are checked with the definition. */
export function parseNumbers(text: string): number[] {
  const parts = text.split(',').map((part) => part.trim());
  const wrong = parts.find((part) => !/^\d+(\.\d+)?$|^\.\d+$/.test(part));
  if (wrong !== undefined)
    throw new InvalidArgumentError(`"${wrong}" is no number; write numbers with commas between: 64,256.`);
  return parts.map(Number);
}

/** A whole number above 0. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError(`"${text}" is no whole number above 0.`);
  return Number(text);
}

/** A number above 0, e.g. a price in US dollars. */
export function parseAmount(text: string): number {
  const [amount = Number.NaN] = parseNumbers(text);
  if (!(amount > 0) || text.includes(',')) throw new InvalidArgumentError(`"${text}" is no number above 0.`);
  return amount;
}

/** A number from 0 to 1. */
export function parseShare(text: string): number {
  const [share = Number.NaN] = parseNumbers(text);
  if (!(share <= 1) || text.includes(',')) throw new InvalidArgumentError(`"${text}" is not within 0 and 1.`);
  return share;
}
