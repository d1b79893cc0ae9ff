import { asFailure } from './failures';

/** Fails the workflow if the plan is invalid. */
export async function planOrFail<T>(plan: () => Promise<T>): Promise<T> {
  try {
    return await plan();
  } catch (error) {
    throw asFailure(error);
  }
}
