import { BudgetlineError } from '../core/failures';

/** A name in a definition and its field. */
export interface Named {
  readonly name: string;
  readonly field: string;
  /** Default: use another name, or pass the thing to the program or the workers. */
  readonly remedy?: string;
}

/**
 * Finds a thing by name.
 *
 * @throws BudgetlineError TASK_UNKNOWN, with the field
 */
export function find<T extends { readonly name: string }>(
  things: readonly T[],
  { name, field, remedy }: Named,
): T {
  const found = things.find((thing) => thing.name === name);
  if (found !== undefined) return found;
  const known = things.map((thing) => `"${thing.name}"`).join(', ');
  const available = known === '' ? 'none is registered' : `registered are ${known}`;
  throw new BudgetlineError('TASK_UNKNOWN', `${field} is "${name}"; ${available}.`, {
    remedy: remedy ?? `Use one of these names, or pass the ${field.split('.').at(-1) ?? ''} in tasks.`,
    details: { field, name },
  });
}
