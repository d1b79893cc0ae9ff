import type { Random } from '../contracts/task';

/** A uniform whole number from `from` to `to`, both included. */
export function randomInteger(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1));
}

export function randomChoice<T>(random: Random, values: readonly T[]): T {
  const value = values[randomInteger(random, 0, values.length - 1)];
  if (value === undefined) throw new RangeError('randomChoice needs at least one value');
  return value;
}
