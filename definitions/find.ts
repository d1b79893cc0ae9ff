import { BudgetlineError } from '../contracts/failures';

/** A name in a definition, and the field that it stands in. */
export interface Named {
  readonly name: string;
  readonly field: string;
  /** What to do where nothing is called so, unless it is to take another name or to register the thing. */
  readonly remedy?: string;
}

/**
 * The one of this name among those that there are.
 *
 * @throws BudgetlineError TASK_UNKNOWN, with the field that names it
 */
export function find<T extends { readonly name: string }>(
  things: readonly T[],
  { name, field, remedy }: Named,
): T {
  const found = things.find((thing) => thing.name === name);
  if (found !== undefined) return found;
  const known = things.map((thing) => `"${thing.name}"`).join(', ');
  const there = known === '' ? 'there is none' : `there are ${known}`;
  throw new BudgetlineError('TASK_UNKNOWN', `${field} is "${name}"; ${there}.`, {
    remedy:
      remedy ?? `Use one of these names, or register the ${field.split('.').at(-1) ?? ''} with the workers.`,
    details: { field, name },
  });
}
