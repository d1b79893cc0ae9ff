import { refuse } from './row';

/** A number, also one that is written as text. */
export function numberOf(field: string, value: unknown): number {
  const isWritten = typeof value === 'string' && value.trim() !== '';
  const number = isWritten || typeof value === 'number' || typeof value === 'bigint' ? Number(value) : NaN;
  if (Number.isFinite(number)) return number;
  return refuse(field, 'is not a number', 'Write a number, or remove the row.');
}
