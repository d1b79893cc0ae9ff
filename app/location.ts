import { resolve } from 'node:path';
import type { Client } from '@temporalio/client';
import { createFolderStore, type Store } from '../store';
import { homeOf } from './home';

/** The folder with reports, scratch space, the embedded server's database and, by default, the store. */
export interface HomeOptions {
  /** Default: BUDGETLINE_HOME, or `.budgetline` next to the nearest package.json at or above the working directory. */
  readonly home?: string;
  /** Default: the folder store in `home`. */
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

/** A home on this host and its store. */
export interface Place {
  readonly home: string;
  readonly store: Store;
}

export function placeOf(options: HomeOptions): Place {
  const home = resolve(options.home ?? homeOf(process.env, process.cwd()));
  return { home, store: options.store ?? createFolderStore(home) };
}
