/** A failure of a user's function on one item. The cause is the user's error. */
export class FailedItem extends Error {
  override readonly name = 'FailedItem';

  constructor(
    readonly item: string,
    cause: unknown,
  ) {
    super(`The function fails on ${item}.`, { cause });
  }
}

/** Calls a user's function for one item. */
export function callFor<T>(item: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw new FailedItem(item, error);
  }
}
