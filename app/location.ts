import type { Client } from '@temporalio/client';
import { createStore, type Store } from '../store';
import { homeOf } from './home';

/** The folder that holds artifacts, ledgers, reports and the embedded server's database. */
export interface HomeOptions {
  /** Default: BUDGETLINE_HOME, or `.budgetline` next to the nearest package.json at or above the working directory. */
  readonly home?: string;
  /** An open store, instead of `home`. */
  readonly store?: Store;
}

/** A home, and the Temporal server of its runs. */
export interface Location extends HomeOptions {
  /**
   * A client of the server; it stays open. Default: a client of the configured server (TEMPORAL_ADDRESS and so on),
   * otherwise of the home's embedded server.
   */
  readonly client?: Client;
}

/** The store of a home. */
export function storeOf({ home, store }: HomeOptions): Store {
  return store ?? createStore(home ?? homeOf(process.env, process.cwd()));
}
