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
