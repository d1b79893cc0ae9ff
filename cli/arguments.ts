import { InvalidArgumentError } from 'commander';
import { unknownRowField } from '../core/row-fields';

/** Parses "64,256". Ranges are checked with the definition. */
export function parseNumbers(text: string): number[] {
  const parts = text.split(',').map((part) => part.trim());
  const wrong = parts.find((part) => !/^\d+(\.\d+)?$|^\.\d+$/.test(part));
  if (wrong !== undefined)
    throw new InvalidArgumentError(
      `"${wrong}" is not a number; use numbers separated by commas, e.g. 64,256.`,
    );
  return parts.map(Number);
}

/** Parses "annotator,lora_rank"; a repeated option adds names. */
export function parseNames(text: string, before: readonly string[] = []): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes(''))
    throw new InvalidArgumentError('Use names separated by commas, e.g. annotator,lora_rank.');
  return [...new Set([...before, ...names])];
}

/** A whole number above 0. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError(`"${text}" is not a whole number above 0.`);
  return Number(text);
}

/** A number above 0, e.g. a price in US dollars. */
export function parseAmount(text: string): number {
  const [amount = Number.NaN] = parseNumbers(text);
  if (!(amount > 0) || text.includes(','))
    throw new InvalidArgumentError(`"${text}" is not a number above 0.`);
  return amount;
}

/** A number from 0 to 1. */
export function parseShare(text: string): number {
  const [share = Number.NaN] = parseNumbers(text);
  if (!(share <= 1) || text.includes(','))
    throw new InvalidArgumentError(`"${text}" is not between 0 and 1.`);
  return share;
}

/** "prompt=instruction+input,completion=data.answer": field of a row → its column, or columns, of the file. */
export function parseColumnMapping(text: string): Record<string, string | string[]> {
  const pairs = text.split(',').map((part) => part.split('='));
  const isWrong = (pair: string[]): boolean =>
    pair.length !== 2 || pair.some((part) => part.split('+').some((name) => name.trim() === ''));
  const wrong = pairs.find(isWrong);
  if (wrong !== undefined)
    throw new InvalidArgumentError(`"${wrong.join('=')}" is not a pair of fields; use e.g. prompt=question.`);
  const unknown = unknownRowField(pairs.map(([name = '']) => name.trim()));
  if (unknown !== undefined) throw new InvalidArgumentError(`${unknown}.`);
  const columnsOf = (columns: string): string | string[] => {
    const names = columns.split('+').map((name) => name.trim());
    return names.length === 1 ? names[0]! : names;
  };
  return Object.fromEntries(pairs.map(([name = '', columns = '']) => [name.trim(), columnsOf(columns)]));
}

/** An amount of money, 0 or more. */
export function parseUsd(text: string): number {
  if (!/^\d+(\.\d+)?$|^\.\d+$/.test(text))
    throw new InvalidArgumentError(`"${text}" is not an amount in US dollars.`);
  return Number(text);
}
