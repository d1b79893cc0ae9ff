import { createScanner } from 'jsonc-parser';
import { type Fields, type LineFault, parseFields } from '../../schemas/json-lines';
import { token } from './tokens';

/** JSON with integers that a number cannot hold written as text. */
function quoteLargeIntegers(text: string): string {
  const scanner = createScanner(text, true);
  const parts: string[] = [];
  let from = 0;
  for (let kind: number = scanner.scan(); kind !== token.end; kind = scanner.scan()) {
    if (kind !== token.number) continue;
    const literal = scanner.getTokenValue();
    if (!/^-?\d+$/.test(literal) || Number.isSafeInteger(Number(literal))) continue;
    parts.push(text.slice(from, scanner.getTokenOffset()), JSON.stringify(literal));
    from = scanner.getTokenOffset() + scanner.getTokenLength();
  }
  return parts.join('') + text.slice(from);
}

const isLarge = (value: number): boolean => Number.isInteger(value) && !Number.isSafeInteger(value);

/** Whether a value has an integer that may not be the written one. */
function hasLarge(value: unknown): boolean {
  if (typeof value === 'number') return isLarge(value);
  if (typeof value !== 'object' || value === null) return false;
  for (const key in value) if (hasLarge((value as Record<string, unknown>)[key])) return true;
  return false;
}

/** As JSON.parse, but integers that a number cannot hold become text, not another integer. */
export function parseExactly(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return hasLarge(value) ? JSON.parse(quoteLargeIntegers(text)) : value;
}

/** The fields of a JSON object, or why there are none. */
export const exactFields = (text: string): { readonly fields: Fields } | LineFault =>
  parseFields(text, parseExactly);
